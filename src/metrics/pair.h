// The E11 pair protocol: what tuning did to a model's heads, and whether it meets the criteria of
// "territorial collapse". Source: the study's published E11 files. The verdict is the protocol's own point
// rule; what prompts and shuffles say about the same differences is in bootstrap.h and permutation_null.h.
// Two of its three criteria are one: the index is 1 - correlation, so they are met together, and a falling
// index alone gives A_CONFIRMED.
#pragma once

#include <optional>

#include "metrics/head_summary.h"
#include "metrics/maybe.h"

namespace headspec::metrics {

enum class PairVerdict { kConfirmed, kPartial, kRefuted };

const char* CodeOf(PairVerdict verdict);  // "A_CONFIRMED", "B_PARTIAL", "C_REFUTED"

// Differences are tuned - base.
struct PairComparison {
  double index_delta = 0;
  double correlation_delta = 0;
  double variance_delta = 0;                // of the mean head variance
  std::optional<double> group_ratio_delta;  // of within / between, where both models have groups
  bool index_decreased = false;
  bool correlation_increased = false;
  bool variance_decreased = false;
  PairVerdict verdict = PairVerdict::kRefuted;  // two or three of the criteria met, one, none
};

// None if a model's index is not defined.
Maybe<PairComparison> ComparePair(const HeadSummary& base, const HeadSummary& tuned);

}  // namespace headspec::metrics
