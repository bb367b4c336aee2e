// A rank's half: keeps one worker busy with what rank 0 hands out, tells it what became of it, and shows that
// the rank is alive. Rank 0 has one too.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "sweep/cell.h"
#include "sweep/leader.h"
#include "sweep/message.h"
#include "sweep/worker_process.h"

namespace headspec::sweep {

class Supervisor {
 public:
  using Send = std::function<void(const Message&)>;

  // `sweep`: the folder as this rank was told it; empty: where rank 0 has it.
  Supervisor(CellOptions options, std::filesystem::path sweep, Send send);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  void UseBeats(const Beats& beats) { beats_ = beats; }

  void Take(const Message& message, double now);
  // Looks after the worker. Throws Error(kRun) when rank 0 is gone.
  void Tick(double now);
  // Ends the worker at its next safe point, or soon.
  void Stop();

  bool IsStopped() const { return is_stopped_; }
  // Rank 0 said that all ranks are there.
  bool LeavesTogether() const { return leaves_together_; }
  // Readable when the worker has something to say; -1: none.
  int descriptor() const { return worker_ ? worker_->output() : -1; }

 private:
  void LookAround(const Message& welcome);
  void KeepOwnPlan(const Message& plan);
  void Begin(const Message& task);
  void Bury(const std::string& ending);
  void Hear(const std::string& line);
  void End(Message done, const std::string& kept_file);
  // `number`: of the task they are of.
  void SendFile(std::uint64_t number, const std::filesystem::path& file, const std::string& name,
                bool of_cell);
  void SendResult(std::uint64_t number, const std::string& kept_file);

  const CellOptions options_;
  std::filesystem::path sweep_;
  const Send send_;
  Beats beats_;
  std::filesystem::path own_folder_;  // of a rank that does not see the sweep's; removed at the end
  bool sees_cache_ = false;
  std::unique_ptr<WorkerProcess> worker_;
  bool worker_is_ready_ = false;
  bool worker_is_spent_ = false;  // it was told to stop, and would stop at every further task
  int failed_starts_ = 0;         // of workers, one after the other
  Message task_;                  // number 0: none
  std::optional<Message> next_;   // of a rank 0 that thought this rank lost while its worker was busy
  double last_beat_ = 0;
  double heard_ = -1;
  bool is_stopped_ = false;
  bool leaves_together_ = false;
};

}  // namespace headspec::sweep
