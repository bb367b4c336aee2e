#include "sweep/schedule.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <unordered_set>

#include "sweep/plan.h"

namespace headspec::sweep {
namespace {

// The ranges of prompts that a cell is measured in; empty: in one piece.
std::vector<PromptRange> RangesOf(const SweepPlan& plan, const SweepCell& cell) {
  if (!IsSplit(plan, cell)) return {};
  const std::size_t prompts = plan.protocols.at(cell.protocol).prompts.prompts.size();
  return experiment::RangesOf(static_cast<int>(prompts), plan.split_prompts);
}

// Starting a cell takes time whatever its size, so that cells of unknown cost are shared out evenly too.
double LoadOf(const SweepCell& cell) {
  constexpr double kOverhead = 0.1, kBytesPerSecond = 1e9, kOperationsPerSecond = 1e11;
  // Not the seconds: every machine expects others.
  if (cell.cost.operations > 0) return kOverhead + cell.cost.operations / kOperationsPerSecond;
  return kOverhead + static_cast<double>(cell.cost.weight_bytes) / kBytesPerSecond;
}

}  // namespace

bool Schedule::Piece::operator<(const Piece& other) const {
  const auto first = [](const Piece& piece) { return piece.range ? piece.range->first : 0; };
  return std::tuple(seconds, bytes, other.job, first(other)) <
         std::tuple(other.seconds, other.bytes, job, first(*this));
}

Schedule::Schedule(const SweepPlan& plan, const std::vector<std::size_t>& wanted)
    : cells_left_(wanted.size()) {
  for (const std::size_t index : wanted) {
    const SweepCell& cell = plan.cells.at(index);
    const std::vector<PromptRange> ranges = RangesOf(plan, cell);
    const std::size_t job = jobs_.size();
    jobs_.push_back({.cell = index, .parts_left = ranges.size()});
    if (ranges.empty()) waiting_.push({cell.cost.seconds, cell.cost.weight_bytes, job});
    const auto parts = static_cast<double>(ranges.size());
    for (const PromptRange& range : ranges)
      waiting_.push({cell.cost.seconds / parts, cell.cost.weight_bytes, job, range});
  }
}

std::optional<Schedule::Piece> Schedule::Take(bool may_join) {
  // A cell that needs only joining is a result, and takes no time.
  if (may_join && !joins_.empty()) {
    const Piece piece = joins_.front();
    joins_.pop_front();
    return piece;
  }
  while (!waiting_.empty()) {
    const Piece piece = waiting_.top();
    waiting_.pop();
    if (!jobs_[piece.job].is_over) return piece;
  }
  return std::nullopt;
}

std::optional<Task> Schedule::Next(int worker, bool may_join) {
  const std::optional<Piece> piece = Take(may_join);
  if (!piece) return std::nullopt;
  at_work_[worker] = *piece;
  return TaskOf(worker);
}

std::optional<Task> Schedule::TaskOf(int worker) const {
  const auto found = at_work_.find(worker);
  if (found == at_work_.end()) return std::nullopt;
  return Task{jobs_[found->second.job].cell, found->second.range};
}

Schedule::Piece Schedule::Release(int worker) {
  const auto found = at_work_.find(worker);
  const Piece piece = found->second;
  at_work_.erase(found);
  return piece;
}

void Schedule::End(Job& job) {
  if (job.is_over) return;
  job.is_over = true;
  --cells_left_;
}

void Schedule::Done(int worker) {
  if (!at_work_.contains(worker)) return;
  const Piece piece = Release(worker);
  Job& job = jobs_[piece.job];
  if (job.is_over) return;
  if (!piece.range) return End(job);
  if (--job.parts_left == 0) joins_.push_back({.job = piece.job, .joins = true});
}

void Schedule::Failed(int worker) {
  if (at_work_.contains(worker)) End(jobs_[Release(worker).job]);
}

std::optional<std::size_t> Schedule::Lost(int worker, Loss loss) {
  if (!at_work_.contains(worker)) return std::nullopt;
  const Piece piece = Release(worker);
  Job& job = jobs_[piece.job];
  if (job.is_over) return std::nullopt;
  ++job.losses;
  if (loss == Loss::kDied) ++job.deaths;
  if (job.deaths >= kMostDeaths || job.losses >= kMostLosses) {
    End(job);
    return job.cell;
  }
  if (piece.joins)
    joins_.push_front(piece);
  else
    waiting_.push(piece);
  return std::nullopt;
}

bool Schedule::Finished() const { return cells_left_ == 0 && at_work_.empty(); }

std::vector<std::size_t> DistinctCells(const SweepPlan& plan) {
  std::vector<std::size_t> distinct;
  std::unordered_set<std::string> seen;
  for (std::size_t i = 0; i < plan.cells.size(); ++i) {
    if (seen.insert(plan.cells[i].id).second) distinct.push_back(i);
  }
  return distinct;
}

std::vector<std::size_t> ShardOf(const SweepPlan& plan, int index, int count) {
  std::vector<std::size_t> order = DistinctCells(plan);
  std::stable_sort(order.begin(), order.end(), [&plan](std::size_t a, std::size_t b) {
    return LoadOf(plan.cells[a]) > LoadOf(plan.cells[b]);
  });
  std::vector<double> load(static_cast<std::size_t>(count), 0.0);
  std::vector<std::size_t> mine;
  for (const std::size_t cell : order) {
    const auto least = std::min_element(load.begin(), load.end());
    *least += LoadOf(plan.cells[cell]);
    if (least - load.begin() == index) mine.push_back(cell);
  }
  return mine;
}

}  // namespace headspec::sweep
