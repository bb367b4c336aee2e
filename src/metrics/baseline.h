// What a head without any preference measures: every query attends evenly to all the keys it sees. In closed
// form, for a causal head over T tokens; the floor or ceiling to hold a model's numbers against.
#pragma once

#include <optional>
#include <string_view>

#include "metrics/maybe.h"

namespace headspec::metrics {

// With harmonic numbers Hn = 1 + 1/2 + ... + 1/n, key k (from 0) receives (HT - Hk) / T.
struct UniformHead {
  double received_entropy = 0;          // below 1: early keys are seen by more queries; 0 for T = 1
  std::optional<double> query_entropy;  // 1; empty for T = 1, where no query has a choice
  double sink_mass = 0;                 // HT / T
  double previous_token = 0;            // (HT - 1) / T
  double mean_distance = 0;             // (T - 1) / 4
  double local_mass = 0;                // mean over queries of min(9, q + 1) / (q + 1)
  double max_weight = 0;                // HT / T
  double effective_support = 0;         // (T + 1) / 2
};

// Such heads are all alike in every layer, so their index does not exist.
inline constexpr std::string_view kUniformIndex =
    "not defined: uniform heads do not vary over depth, so no two of them have a correlation";

Maybe<UniformHead> UniformCausalHead(int tokens);  // none below one token

}  // namespace headspec::metrics
