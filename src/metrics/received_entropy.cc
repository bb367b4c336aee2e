#include "metrics/received_entropy.h"

#include <cmath>

namespace headspec::metrics {
namespace {

// `w > 0` of the notebook, whose means are float32: a key that received next to nothing counts as none.
bool IsKept(double column_sum, double queries) {
  return static_cast<float>(column_sum) / static_cast<float>(queries) > 0.0f;
}

// `sums` are columns of an attention matrix of that many queries.
double EntropyOf(std::span<const double> sums, double queries) {
  double total = 0;
  for (const double sum : sums) total += sum / queries;
  std::vector<double> weights;
  double kept = 0;
  for (const double sum : sums) {
    const double weight = sum / queries / (total + 1e-10);
    if (!(weight > 0) || !IsKept(sum, queries)) continue;
    weights.push_back(weight);
    kept += weight;
  }
  if (weights.size() <= 1) return 0;
  double entropy = 0;
  for (const double weight : weights) entropy -= weight / kept * std::log2(weight / kept);
  return entropy / std::log2(static_cast<double>(weights.size()));
}

}  // namespace

void ReceivedEntropy::Reset(int tokens) { column_sums_.assign(static_cast<std::size_t>(tokens), 0.0); }

void ReceivedEntropy::Add(std::span<const float> row) {
  for (std::size_t key = 0; key < row.size(); ++key) column_sums_[key] += static_cast<double>(row[key]);
}

double ReceivedEntropy::Value() const {
  return EntropyOf(column_sums_, static_cast<double>(column_sums_.size()));
}

double ReceivedEntropy::ValueWithoutFirst() const {
  if (column_sums_.empty()) return 0;
  return EntropyOf(std::span(column_sums_).subspan(1), static_cast<double>(column_sums_.size()));
}

}  // namespace headspec::metrics
