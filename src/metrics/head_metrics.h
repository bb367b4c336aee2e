// What else one head's attention is like, beside the entropy that its keys receive: one pass over its rows.
// For one (prompt, layer, head) with attention A (T x T, rows are queries, q and k count from 0). Masses are
// shares of all attention: the sum over the named entries of A divided by the sum over all, as
// TransformerLens' head_detector computes its scores (error measure "mul").
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "metrics/maybe.h"
#include "metrics/token_matches.h"

namespace headspec::metrics {

struct HeadMetrics {
  // Mean over queries of entropy2(row) / log2(keys the query may see), 0..1, the row normalised to sum 1. A
  // query that sees a single key has no choice and is left out, so is a row of zeros; empty if none remains.
  std::optional<double> query_entropy;
  double sink_mass = 0;       // on key 0
  double previous_token = 0;  // on k = q - 1
  // On earlier keys that hold the query's token, and on the keys right after those (induction; k <= q). Empty
  // without token ids and where no token occurs twice. Induction is meant for a random sequence that is
  // repeated.
  std::optional<double> duplicate_token;
  std::optional<double> induction;
  double mean_distance = 0;      // |q - k| in tokens, weighted by attention
  double local_mass = 0;         // on |q - k| <= 8
  double max_weight = 0;         // mean over queries of the row's largest weight
  double effective_support = 0;  // mean over queries of 2^entropy2(row), in keys: 1..T
};

// What of a prompt the reducer must know; the same for every head. Prompts are without padding.
struct AttentionShape {
  int tokens = 0;
  bool causal = true;
  int window = 0;                         // keys that a causal query sees, its own included; 0: all before it
  const TokenMatches* matches = nullptr;  // of the prompt's token ids; must outlive the reducer's use
};

class HeadMetricsReducer {
 public:
  void Reset(const AttentionShape& shape);
  // One query's probabilities over the first keys, in query order; the keys left out got 0.
  void Add(std::span<const float> row);
  // None if a weight is not a number or all are 0.
  Maybe<HeadMetrics> Value() const;

 private:
  void AddEntropy(std::span<const float> row, double total);
  void AddMatches(std::span<const float> row);
  double VisibleKeys() const;

  AttentionShape shape_;
  int query_ = 0;  // rows so far
  // Sums over queries.
  double total_ = 0;
  double normalised_entropy_ = 0;
  int rows_with_choice_ = 0;
  double sink_ = 0, previous_ = 0, duplicate_ = 0, induction_ = 0;
  double distance_ = 0, local_ = 0, largest_ = 0, support_ = 0;
  std::vector<double> terms_;      // scratch: weight * log2(weight)
  std::vector<double> positions_;  // 0, 1, ..., T - 1
};

}  // namespace headspec::metrics
