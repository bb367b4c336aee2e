// How much of a table's variance lies between layers and how much within them; no head needs a name for that.
// All variances are population variances, so total = between + within.
#pragma once

#include <optional>

#include "headspec/table.h"
#include "metrics/maybe.h"

namespace headspec::metrics {

struct VarianceShares {
  double between = 0;  // variance of the layer means, over layers
  double within = 0;   // mean over layers of the variance over heads
  double total = 0;    // variance of all L * H values
  // 1 - between / total, 0..1, the twin of SI that sees no head index. Small when depth explains the table
  // (then heads agree and SI is small too), 1 when layer means do not differ.
  double depth_share = 0;
  // Intraclass correlation ICC(1,1) of Shrout and Fleiss 1979 (their case 1, one-way random effects), layers
  // as targets and heads as raters: (MSB - MSW) / (MSB + (H - 1) MSW), from mean squares between and within
  // layers. Case 1 because it, too, does not ask which head is which. Empty for one head.
  std::optional<double> icc;
};

// `values` is (L, H). None for one layer, values that are not numbers, or a table of one value.
Maybe<VarianceShares> ComputeVarianceShares(const Table& values);

}  // namespace headspec::metrics
