#include "experiment/quantising_sink.h"

#include <cstddef>

namespace headspec::experiment {
namespace {

std::uint64_t BytesOf(int layers, int heads, int length) {
  const auto size = [](int value) { return static_cast<std::uint64_t>(value); };
  return size(layers) * size(heads) * size(length) * size(length);
}

}  // namespace

std::uint8_t QuantiseWeight(float weight) {
  if (!(weight > 0)) return 0;  // NaN too
  if (weight >= 1) return 255;
  return static_cast<std::uint8_t>(255 * static_cast<double>(weight) + 0.5);
}

std::uint64_t KeptBytes(int layers, int heads, const std::vector<int>& lengths) {
  std::uint64_t bytes = 0;
  for (const int length : lengths) bytes += BytesOf(layers, heads, length);
  return bytes;
}

QuantisingSink::QuantisingSink(int layers, int heads, const std::vector<int>& lengths) : heads_(heads) {
  for (const int length : lengths) weights_.emplace_back(BytesOf(layers, heads, length));
}

void QuantisingSink::Take(const engine::AttentionTile& tile) {
  if (static_cast<std::size_t>(tile.prompt) >= weights_.size()) return;
  const auto tokens = static_cast<std::size_t>(tile.tokens);
  const auto head = static_cast<std::size_t>(tile.layer * heads_ + tile.head);
  std::uint8_t* row = weights_[static_cast<std::size_t>(tile.prompt)].data() +
                      (head * tokens + static_cast<std::size_t>(tile.first_query)) * tokens;
  for (int i = 0; i < tile.rows.rows; ++i, row += tokens) {
    const float* weights = tile.rows.Row(i);
    for (int k = 0; k < tile.rows.cols; ++k) row[k] = QuantiseWeight(weights[k]);
  }
}

}  // namespace headspec::experiment
