// A plan summed up: in all, curve by curve, and how long so many processes take.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "headspec/sweep.h"

namespace headspec::sweep {

struct PlanTotals {
  std::string curve;               // of one curve's totals
  std::size_t cells = 0;           // repeats included
  std::size_t measurements = 0;    // each once
  std::uint64_t weight_bytes = 0;  // on disk, of each model at each revision once
  std::uint64_t download_bytes = 0;
  std::uint64_t memory_bytes = 0;  // the largest
  double seconds = 0;              // one after the other
  const SweepCell* first = nullptr;
  const SweepCell* last = nullptr;
};

PlanTotals TotalsOf(const SweepPlan& plan);
// In the plan's order; a repeat counts where it stands and costs nothing.
std::vector<PlanTotals> TotalsOfCurves(const SweepPlan& plan);

// Seconds that `processes` as fast as this one take, the longest measurement first to whoever is free.
double SecondsOf(const SweepPlan& plan, int processes);

}  // namespace headspec::sweep
