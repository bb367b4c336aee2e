// The Specialization Index alone, in O(L H), for statistics that need it thousands of times.
// With profiles z_h of mean zero and length one over the layers, the correlations of all K (K - 1) / 2 pairs
// sum to
// (|sum_h z_h|^2 - K) / 2, so no correlation matrix is needed. Equal to ComputeSpecialization up to rounding.
#pragma once

#include <optional>
#include <string>

#include "headspec/table.h"

namespace headspec::metrics {

// `values` is (L, H), L >= 1, H >= 1. Heads whose profile is constant or not finite are left out; empty when
// fewer than two remain.
std::optional<double> FastIndex(const Table& values);

// Why statistics of the index of `values` do not exist ("one layer: a depth profile needs two"); empty if
// they do. A value that is not a number is a reason, though the notebook's index passes over its head.
std::string WhyNoIndex(const Table& values);

// "layer 3, head 5 is not a number", or empty.
std::string WhereNotFinite(const Table& values);

}  // namespace headspec::metrics
