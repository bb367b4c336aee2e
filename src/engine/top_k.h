// The k largest of a few values, in the order torch.topk gives on a processor. Equal values are common among
// router outputs in bf16, and which of them torch takes follows from its algorithm alone.
#pragma once

#include <span>
#include <vector>

namespace headspec::engine {

// Indices of the k largest, largest first; 1 <= k <= values.size(). NaN counts as larger than any number.
std::vector<int> TopK(std::span<const float> values, int k);

}  // namespace headspec::engine
