// Who measures what when: cells handed out one at a time, largest first, to workers that come and go. Knows
// neither processes nor time; MPI's rank 0, one process alone and the simulation of a cluster all ask it.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "headspec/sweep.h"
#include "sweep/cell.h"

namespace headspec::sweep {

// A cell, a range of its prompts, or the joining of its ranges.
struct Task {
  std::size_t cell = 0;              // index into SweepPlan::cells
  std::optional<PromptRange> range;  // empty: the whole cell (of a split one: after all of its ranges)
};

class Schedule {
 public:
  // Of the plan's cells those that `wanted` names (indices; repeats of one id must not be among them).
  Schedule(const SweepPlan& plan, const std::vector<std::size_t>& wanted);

  // The next task for this worker, the largest that is left; none: nothing can be begun now.
  std::optional<Task> Next(int worker);
  // The worker's task is done, or its cell has failed for good.
  void Done(int worker);
  // The worker is gone: its task is handed out again, at most `most_tries` times in all.
  // Returns the cell that is given up, if that was its last try.
  std::optional<std::size_t> Lost(int worker);
  // Nothing is left and nobody is at work.
  bool Finished() const;
};

// The cells of shard `index` of `count`, from 0: largest first, each to the shard with the least to do.
std::vector<std::size_t> ShardOf(const SweepPlan& plan, int index, int count);

}  // namespace headspec::sweep
