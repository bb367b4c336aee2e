// The notebook's head metric: entropy of the attention that keys receive, averaged over queries.
// For one (prompt, layer, head) with attention A (T x T, rows are queries):
//   w = column mean of A; w /= sum(w) + 1e-10; keep w > 0; entropy2(w) / log2(count), 0 if count <= 1.
// Source: seed notebook, compute_head_entropy_profiles.
#pragma once

#include <span>
#include <vector>

namespace headspec::metrics {

class ReceivedEntropy {
 public:
  void Reset(int tokens);
  // One query's probabilities over the first keys; the keys left out got 0.
  void Add(std::span<const float> row);
  // 0..1. A NaN in any row gives 0, as in the notebook, whose `w > 0` then keeps nothing.
  double Value() const;
  // The same over all keys but the first, where most heads of most models rest: 0 for a single token.
  double ValueWithoutFirst() const;

 private:
  std::vector<double> column_sums_;
};

}  // namespace headspec::metrics
