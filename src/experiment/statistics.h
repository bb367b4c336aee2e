// The statistics of an index from its tables, by the rules of src/metrics: what MeasureModel, `headspec si`
// and `headspec verify` share. Nothing here depends on threads or machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/progress.h"
#include "headspec/plan.h"
#include "headspec/result.h"
#include "metrics/bootstrap.h"

namespace headspec::experiment {

// The protocol's first seed, else 42. Shuffles and resamples each have a stream of their own from it.
std::int64_t StatisticsSeed(const Protocol& protocol);

// Those behind the index's interval, so that other numbers of the same prompts get theirs from the same ones.
std::vector<metrics::Resample> ResamplesOf(std::size_t prompts, std::int64_t seed);

// `mean` is (L, H), the mean of `prompts`, (P)(L, H); without prompts there is no bootstrap. No equivalence:
// that takes a target.
IndexStatistics ComputeIndexStatistics(const Table& mean, const std::vector<Table>& prompts,
                                       std::int64_t seed, Progress* progress = nullptr);

// The index `si` against the hypothesis; null: there is none.
void CompareWithTarget(double si, const Hypothesis* hypothesis, IndexStatistics& statistics);

// Completes a run whose models are measured and whose verdict is decided: each model against the target, the
// trend, and the readings.
void Interpret(RunResult& run);

}  // namespace headspec::experiment
