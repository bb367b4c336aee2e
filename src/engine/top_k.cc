#include "engine/top_k.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace headspec::engine {

// As aten/src/ATen/native/TopKImpl.h of torch 2.9 with GNU's library, whose nth_element and partial_sort
// decide between equal values.
std::vector<int> TopK(std::span<const float> values, int k) {
  using Entry = std::pair<float, int>;
  std::vector<Entry> queue;
  for (std::size_t i = 0; i < values.size(); ++i) queue.emplace_back(values[i], static_cast<int>(i));
  const auto is_before = [](const Entry& a, const Entry& b) {
    return (std::isnan(a.first) && !std::isnan(b.first)) || a.first > b.first;
  };
  if (static_cast<std::size_t>(k) * 64 <= queue.size()) {
    std::partial_sort(queue.begin(), queue.begin() + k, queue.end(), is_before);
  } else {
    std::nth_element(queue.begin(), queue.begin() + k - 1, queue.end(), is_before);
    std::sort(queue.begin(), queue.begin() + k - 1, is_before);
  }
  std::vector<int> indices;
  for (int i = 0; i < k; ++i) indices.push_back(queue[static_cast<std::size_t>(i)].second);
  return indices;
}

}  // namespace headspec::engine
