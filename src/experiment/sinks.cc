#include "experiment/sinks.h"

#include <algorithm>
#include <cmath>

namespace headspec::experiment {

EntropySink::EntropySink(int prompts, int layers, int heads)
    : heads_(heads),
      reducers_(static_cast<std::size_t>(prompts) * static_cast<std::size_t>(heads)),
      values_(static_cast<std::size_t>(prompts),
              Table(static_cast<std::size_t>(layers), std::vector<double>(static_cast<std::size_t>(heads)))),
      without_first_(values_) {}

void EntropySink::Take(const engine::AttentionTile& tile) {
  metrics::ReceivedEntropy& reducer = reducers_[static_cast<std::size_t>(tile.prompt * heads_ + tile.head)];
  if (tile.IsFirst()) reducer.Reset(tile.tokens);
  for (int i = 0; i < tile.rows.rows; ++i)
    reducer.Add({tile.rows.Row(i), static_cast<std::size_t>(tile.rows.cols)});
  if (!tile.IsLast()) return;
  const auto prompt = static_cast<std::size_t>(tile.prompt);
  const auto layer = static_cast<std::size_t>(tile.layer);
  const auto head = static_cast<std::size_t>(tile.head);
  values_[prompt][layer][head] = reducer.Value();
  without_first_[prompt][layer][head] = reducer.ValueWithoutFirst();
}

FirstLayerProbe::FirstLayerProbe(int heads) : sums_(static_cast<std::size_t>(heads)), first_heads_(2) {}

void FirstLayerProbe::Take(const engine::AttentionTile& tile) {
  if (tile.layer != 0) return;
  HeadSums& sums = sums_[static_cast<std::size_t>(tile.head)];
  if (tile.head == 0) tokens_ = tile.tokens;
  for (int i = 0; i < tile.rows.rows; ++i) {
    for (int k = 0; k < tile.rows.cols; ++k) {
      const double value = static_cast<double>(tile.rows.Row(i)[k]);
      sums.absolute += std::abs(value);
      sums.sum += value;
      sums.squares += value * value;
      sums.finite = sums.finite && std::isfinite(value);
    }
    if (tile.head > 1) continue;
    auto& kept = first_heads_[static_cast<std::size_t>(tile.head)];
    kept.insert(kept.end(), tile.rows.Row(i), tile.rows.Row(i) + tile.rows.cols);
    kept.resize(kept.size() + static_cast<std::size_t>(tile.tokens - tile.rows.cols));
  }
}

ProbeValues FirstLayerProbe::Values() const {
  return {AbsMean(), StandardDeviation(), IsFinite(), FirstTwoHeadsClose()};
}

double FirstLayerProbe::Count() const {
  return static_cast<double>(sums_.size()) * static_cast<double>(tokens_) * static_cast<double>(tokens_);
}

double FirstLayerProbe::AbsMean() const {
  double sum = 0;
  for (const HeadSums& head : sums_) sum += head.absolute;
  return sum / Count();
}

double FirstLayerProbe::StandardDeviation() const {
  double sum = 0;
  double squares = 0;
  for (const HeadSums& head : sums_) {
    sum += head.sum;
    squares += head.squares;
  }
  return std::sqrt(std::max(0.0, squares - sum * sum / Count()) / (Count() - 1));
}

bool FirstLayerProbe::IsFinite() const {
  return std::all_of(sums_.begin(), sums_.end(), [](const HeadSums& head) { return head.finite; });
}

bool FirstLayerProbe::FirstTwoHeadsClose() const {
  const auto& a = first_heads_[0];
  const auto& b = sums_.size() > 1 ? first_heads_[1] : first_heads_[0];
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](float x, float y) {
    return std::abs(static_cast<double>(x) - static_cast<double>(y)) <=
           1e-4 + 1e-5 * std::abs(static_cast<double>(y));
  });
}

}  // namespace headspec::experiment
