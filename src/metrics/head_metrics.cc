#include "metrics/head_metrics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "metrics/log2.h"

namespace headspec::metrics {
namespace {

constexpr int kLocal = 8;
constexpr std::size_t kLanes = 4;

// Four interleaved partial sums: a fixed order of additions that fits vector registers.
template <class Term>
double Sum(std::size_t count, const Term& term) {
  double lanes[kLanes] = {};
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += term(i + lane);
  }
  for (; i < count; ++i) lanes[0] += term(i);
  return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
}

float Largest(std::span<const float> row) {
  float lanes[kLanes] = {};
  std::size_t i = 0;
  for (; i + kLanes <= row.size(); i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane)
      lanes[lane] = lanes[lane] < row[i + lane] ? row[i + lane] : lanes[lane];
  }
  for (; i < row.size(); ++i) lanes[0] = std::max(lanes[0], row[i]);
  return std::max(std::max(lanes[0], lanes[1]), std::max(lanes[2], lanes[3]));
}

double WeightAt(std::span<const float> row, int key) {
  return key >= 0 && key < static_cast<int>(row.size())
             ? static_cast<double>(row[static_cast<std::size_t>(key)])
             : 0;
}

}  // namespace

void HeadMetricsReducer::Reset(const AttentionShape& shape) {
  shape_ = shape;
  query_ = rows_with_choice_ = 0;
  total_ = normalised_entropy_ = 0;
  sink_ = previous_ = duplicate_ = induction_ = 0;
  distance_ = local_ = largest_ = support_ = 0;
  const auto tokens = static_cast<std::size_t>(shape.tokens);
  terms_.resize(tokens);
  for (std::size_t position = positions_.size(); position < tokens; ++position)
    positions_.push_back(static_cast<double>(position));
}

double HeadMetricsReducer::VisibleKeys() const {
  if (!shape_.causal) return shape_.tokens;
  return shape_.window > 0 ? std::min(query_ + 1, shape_.window) : query_ + 1;
}

// With row sum S, the entropy of row / S is log2 S - (sum of w log2 w) / S.
void HeadMetricsReducer::AddEntropy(std::span<const float> row, double total) {
  if (total == 0) return;
  for (std::size_t key = 0; key < row.size(); ++key)
    terms_[key] = static_cast<double>(row[key]) * Log2(row[key]);
  const double terms = Sum(row.size(), [&](std::size_t key) { return terms_[key]; });
  const double entropy = std::max(0.0, std::log2(total) - terms / total);
  support_ += std::exp2(entropy);
  const double visible = VisibleKeys();
  if (visible < 2) return;
  normalised_entropy_ += entropy / std::log2(visible);
  ++rows_with_choice_;
}

void HeadMetricsReducer::AddMatches(std::span<const float> row) {
  if (!shape_.matches) return;
  for (int key = shape_.matches->Previous(query_); key >= 0; key = shape_.matches->Previous(key)) {
    duplicate_ += WeightAt(row, key);
    induction_ += WeightAt(row, key + 1);
  }
}

void HeadMetricsReducer::Add(std::span<const float> row) {
  const double position = query_;
  const double total = Sum(row.size(), [&](std::size_t key) { return static_cast<double>(row[key]); });
  total_ += total;
  distance_ += Sum(row.size(), [&](std::size_t key) {
    return static_cast<double>(row[key]) * std::abs(position - positions_[key]);
  });
  AddEntropy(row, total);
  AddMatches(row);
  sink_ += WeightAt(row, 0);
  previous_ += WeightAt(row, query_ - 1);
  for (int key = query_ - kLocal; key <= query_ + kLocal; ++key) local_ += WeightAt(row, key);
  largest_ += static_cast<double>(Largest(row));
  ++query_;
}

Maybe<HeadMetrics> HeadMetricsReducer::Value() const {
  if (!std::isfinite(total_)) return Maybe<HeadMetrics>::None("an attention weight is not a number");
  if (!(total_ > 0)) return Maybe<HeadMetrics>::None("all attention weights are 0");
  HeadMetrics metrics;
  if (rows_with_choice_ > 0) metrics.query_entropy = normalised_entropy_ / rows_with_choice_;
  metrics.sink_mass = sink_ / total_;
  metrics.previous_token = previous_ / total_;
  if (shape_.matches && shape_.matches->any()) {
    metrics.duplicate_token = duplicate_ / total_;
    metrics.induction = induction_ / total_;
  }
  metrics.mean_distance = distance_ / total_;
  metrics.local_mass = local_ / total_;
  metrics.max_weight = largest_ / query_;
  metrics.effective_support = support_ / query_;
  return metrics;
}

}  // namespace headspec::metrics
