// The cells of a sweep measured: by this process alone, or by the ranks of a job.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "headspec/run.h"
#include "sweep/cell.h"
#include "sweep/leader.h"
#include "sweep/rank_job.h"

namespace headspec::sweep {

// Of what there is to measure, what no earlier run has measured in this folder.
std::vector<std::size_t> MissingOf(const SweepPlan& plan, const std::vector<std::size_t>& cells,
                                   const std::filesystem::path& sweep);

// One after the other, largest first. Throws Error(kInterrupted).
void MeasureAlone(const SweepPlan& plan, const std::vector<std::size_t>& wanted,
                  const std::filesystem::path& sweep, const CellOptions& options, Observer& observer,
                  SweepEvents& events);

struct RankOptions {
  CellOptions cell;
  Beats beats = {};
  std::function<bool()> cancelled;
};
// $HEADSPEC_SILENCE: seconds after which a rank that says nothing is thought lost.
Beats BeatsFromEnvironment();

// Rank 0. All ranks have left the job when it returns, or throws Error(kInterrupted).
void Lead(RankJob& job, const SweepPlan& plan, const std::vector<std::size_t>& wanted,
          const std::filesystem::path& sweep, const RankOptions& options, SweepEvents& events);
// The other ranks, until rank 0 says that it is over. `sweep`: the folder as it is called here; empty: as on
// rank 0. Returns false when it was interrupted.
bool Follow(RankJob& job, const std::filesystem::path& sweep, const RankOptions& options);
// Rank 0, when there is nothing to measure or it cannot begin.
void Dismiss(RankJob& job);

// The observer of rank 0 before it leads: the others wait, and learn that it is there.
class BeatingObserver final : public Observer {
 public:
  BeatingObserver(RankJob& job, Observer& observer) : job_(job), observer_(observer) {}
  void OnWorkBegin(std::string_view what, std::int64_t total, WorkUnit unit) override {
    observer_.OnWorkBegin(what, total, unit);
  }
  void OnWorkAdvance(std::int64_t units) override { observer_.OnWorkAdvance(units); }
  void OnWorkEnd() override { observer_.OnWorkEnd(); }
  void OnNote(std::string_view text) override { observer_.OnNote(text); }
  bool Cancelled() const override;

 private:
  RankJob& job_;
  Observer& observer_;
  mutable double last_ = 0;
};

}  // namespace headspec::sweep
