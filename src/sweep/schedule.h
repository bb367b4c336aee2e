// Who measures what when: cells handed out one at a time, largest first, to workers that come and go. Knows
// neither processes nor time; MPI's rank 0, one process alone and the simulation of a cluster all ask it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <queue>
#include <vector>

#include "headspec/sweep.h"
#include "sweep/cell.h"

namespace headspec::sweep {

// A cell, a range of its prompts, or the joining of its ranges.
struct Task {
  std::size_t cell = 0;              // index into SweepPlan::cells
  std::optional<PromptRange> range;  // empty: the whole cell (of a split one: after all of its ranges)
};

// How a worker was lost, and so whether its task may be to blame.
enum class Loss {
  kDied,     // the process that measured ended: probably because of the model
  kVanished  // the machine or its network is gone: probably not
};

class Schedule {
 public:
  // A cell whose workers died so many times is given up, and one that was lost so many times in all.
  static constexpr int kMostDeaths = 2;
  static constexpr int kMostLosses = 5;

  // Of the plan's cells those that `wanted` names (indices; repeats of one id must not be among them).
  Schedule(const SweepPlan& plan, const std::vector<std::size_t>& wanted);

  // The next task for this worker, the largest that is left; none: nothing can be begun now. A worker that
  // does not see the cache that the parts of cells are in may not join them.
  std::optional<Task> Next(int worker, bool may_join = true);
  // What the worker was given and is not done.
  std::optional<Task> TaskOf(int worker) const;
  // The worker's task is done.
  void Done(int worker);
  // The worker's task has failed in a way that another try would not change: its cell is over.
  void Failed(int worker);
  // The worker is gone: its task is handed out again, or the cell is given up. Returns the cell if it is.
  [[nodiscard]] std::optional<std::size_t> Lost(int worker, Loss loss);
  // Nothing is left and nobody is at work.
  bool Finished() const;
  // Cells that are neither measured nor failed nor given up.
  std::size_t cells_left() const { return cells_left_; }

 private:
  struct Job {
    std::size_t cell = 0;
    std::size_t parts_left = 0;
    int deaths = 0;
    int losses = 0;
    bool is_over = false;
  };
  struct Piece {
    double seconds = 0;
    std::uint64_t bytes = 0;
    std::size_t job = 0;
    std::optional<PromptRange> range = {};
    bool joins = false;
    bool operator<(const Piece& other) const;  // less urgent
  };

  std::optional<Piece> Take(bool may_join);
  Piece Release(int worker);
  void End(Job& job);

  std::vector<Job> jobs_;
  std::priority_queue<Piece> waiting_;
  std::deque<Piece> joins_;
  std::map<int, Piece> at_work_;
  std::size_t cells_left_ = 0;
};

// The first cell of each id: what there is to measure.
std::vector<std::size_t> DistinctCells(const SweepPlan& plan);

// The cells of shard `index` of `count`, from 0: largest first, each to the shard with the least to do.
std::vector<std::size_t> ShardOf(const SweepPlan& plan, int index, int count);

}  // namespace headspec::sweep
