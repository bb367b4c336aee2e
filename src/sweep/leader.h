// Rank 0's half: knows the schedule, hands out, and notices ranks that are gone. Time comes from outside, so
// that tests and the simulation of a cluster have their own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sweep/message.h"
#include "sweep/result_store.h"
#include "sweep/schedule.h"

namespace headspec::sweep {

// Told what happens to cells.
class SweepEvents {
 public:
  virtual ~SweepEvents() = default;
  virtual void OnMeasured(const SweepCell&, double /*seconds*/) {}
  // Not measured, and not tried again; noted in failed/.
  virtual void OnFailed(const SweepCell&, const CellFailure&) {}
  virtual void OnNote(const std::string& /*text*/) {}
};

struct Beats {
  double interval = 2;  // seconds between signs of life
  double silence = 30;  // after which a rank is thought lost
};

class Leader {
 public:
  using Send = std::function<void(int rank, const Message&)>;

  // Rank 0 is the leader itself, whose silence says nothing.
  Leader(const SweepPlan& plan, Schedule& schedule, std::filesystem::path sweep, Send send,
         SweepEvents& events);

  void UseBeats(const Beats& beats) { beats_ = beats; }
  // What ranks that do not see the folder are sent.
  void UsePlanText(std::string manifest, std::string plan_json);

  // Ranks 0 to `ranks` - 1 begin. `token`: the name of a file in the sweep's folder.
  void Begin(int ranks, const std::string& token, double now);
  void Take(int from, const Message& message, double now);
  void Tick(double now);
  // Tells all ranks to stop.
  void Stop();

  bool Finished() const { return schedule_.Finished(); }
  // Nobody was lost: all ranks answer.
  bool AllThere() const;

 private:
  struct Rank {
    enum class State { kAsked, kReady, kLost };
    State state = State::kAsked;
    std::string host = {};
    bool sees_folder = false;
    bool sees_cache = false;
    double heard = 0;
    double begun = 0;          // its task
    std::uint64_t number = 0;  // of its task; 0: none
  };

  void HandOut();
  void End(int from, const Message& message, double now);
  void GiveUp(std::size_t cell, const CellFailure& failure);
  void Lose(int rank, const std::string& why);

  const SweepPlan& plan_;
  Schedule& schedule_;
  const Send send_;
  SweepEvents& events_;
  const std::filesystem::path sweep_;
  ResultStore store_;
  Beats beats_;
  std::string manifest_text_;
  std::string plan_json_;
  std::vector<Rank> ranks_;
  std::uint64_t tasks_ = 0;
  double last_beat_ = 0;
  double now_ = 0;
  bool has_lost_ = false;
};

}  // namespace headspec::sweep
