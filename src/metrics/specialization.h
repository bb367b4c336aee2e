// The Specialization Index of a table of head values: 1 - mean correlation of the heads' depth profiles.
// Source: seed notebook, compute_si (numpy.corrcoef, nanmean of the strict upper triangle).
#pragma once

#include <vector>

#include "headspec/table.h"

namespace headspec::metrics {

struct Specialization {
  double index = 0;                 // SI; NaN if no pair of heads has a defined correlation
  double mean_correlation = 0;      // over pairs with a defined correlation
  Table correlation;                // (H, H); NaN in the rows of constant heads, as numpy gives
  std::vector<int> constant_heads;  // heads whose profile does not vary: the mean leaves them out
};

// `values` is (L, H), L >= 1, H >= 1, all rows of one length.
Specialization ComputeSpecialization(const Table& values);

// Mean over prompts of tables of one shape (P, L, H) -> (L, H); P >= 1.
Table MeanTable(const std::vector<Table>& tables);

}  // namespace headspec::metrics
