#include "sweep/plan_totals.h"

#include <algorithm>
#include <functional>
#include <map>
#include <queue>
#include <set>

namespace headspec::sweep {
namespace {

// Adds cells up; every measurement counts once, and so do the weights of a model that is measured in several
// ways.
class Sum {
 public:
  void Add(const SweepCell& cell, bool is_first, PlanTotals& totals) {
    ++totals.cells;
    if (totals.first == nullptr) totals.first = &cell;
    totals.last = &cell;
    if (!is_first) return;
    ++totals.measurements;
    const bool is_path = !cell.entry.path.empty();
    if (weights_.insert(is_path ? cell.entry.path : cell.entry.name + "@" + cell.entry.revision).second)
      totals.weight_bytes += cell.cost.weight_bytes;
    totals.download_bytes += cell.cost.download_bytes;
    totals.memory_bytes = std::max(totals.memory_bytes, cell.cost.memory_bytes);
    totals.seconds += cell.cost.seconds;
  }

 private:
  std::set<std::string> weights_;
};

}  // namespace

PlanTotals TotalsOf(const SweepPlan& plan) {
  PlanTotals totals;
  Sum sum;
  std::set<std::string> seen;
  for (const SweepCell& cell : plan.cells) sum.Add(cell, seen.insert(cell.id).second, totals);
  return totals;
}

std::vector<PlanTotals> TotalsOfCurves(const SweepPlan& plan) {
  std::vector<PlanTotals> curves;
  std::vector<Sum> sums;
  std::map<std::string, std::size_t> index;
  std::set<std::string> seen;
  for (const SweepCell& cell : plan.cells) {
    const auto [known, is_new] = index.try_emplace(cell.curve, curves.size());
    if (is_new) {
      curves.push_back({.curve = cell.curve});
      sums.emplace_back();
    }
    sums[known->second].Add(cell, seen.insert(cell.id).second, curves[known->second]);
  }
  return curves;
}

double SecondsOf(const SweepPlan& plan, int processes) {
  std::vector<double> seconds;
  std::set<std::string> seen;
  for (const SweepCell& cell : plan.cells) {
    if (seen.insert(cell.id).second) seconds.push_back(cell.cost.seconds);
  }
  std::sort(seconds.begin(), seconds.end(), std::greater<>());
  std::priority_queue<double, std::vector<double>, std::greater<>> free_at;
  for (int i = 0; i < processes; ++i) free_at.push(0);
  double last = 0;
  for (const double one : seconds) {
    const double done = free_at.top() + one;
    free_at.pop();
    free_at.push(done);
    last = std::max(last, done);
  }
  return last;
}

}  // namespace headspec::sweep
