// What the index would be if it did not matter which head is which: heads shuffled within each layer.
// A shuffle keeps the values of every layer, and so the depth profile of the layer means, and breaks only the
// tie of a head's index to its values. P-values follow Phipson and Smyth 2010: (1 + count) / (1 + n), which
// counts the observed table among the shuffles and is never 0. The two-sided one is twice the smaller tail,
// at most 1, as in scipy.stats.permutation_test; values within 1e-12 of the observed one count as equal to
// it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/progress.h"
#include "headspec/table.h"
#include "metrics/maybe.h"
#include "metrics/summary.h"

namespace headspec::metrics {

struct NullOptions {
  int shuffles = 1000;
  std::uint64_t seed = 42;
  Progress* progress = nullptr;  // may be null
};

struct PermutationNull {
  double observed = 0;
  double mean = 0;          // of the shuffles
  double deviation = 0;     // of the shuffles, n - 1
  std::optional<double> z;  // (observed - mean) / deviation; empty if all shuffles give one value
  double p = 1;             // two-sided
  double least_p = 1;       // the smallest p that this many shuffles can give
  Interval band;            // the middle 95 % of the shuffles
  double median = 0;
  std::vector<double> sorted;  // the shuffles' values, ascending
};

// Of SI. `values` is (L, H). No null for one layer, one head, values that are not numbers, or fewer than two
// heads that vary. Shuffles without an index, possible only where values repeat, are left out.
Maybe<PermutationNull> ComputePermutationNull(const Table& values, const NullOptions& options);

// Of SI(tuned) - SI(base), the heads of both shuffled, each on their own.
Maybe<PermutationNull> ComputeDeltaNull(const Table& base, const Table& tuned, const NullOptions& options);

// The summary alone; `values` holds at least one shuffle.
PermutationNull SummarizeNull(double observed, std::vector<double> values);

}  // namespace headspec::metrics
