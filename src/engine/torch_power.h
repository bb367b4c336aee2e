// base^exponent[i] with the bits of torch on a processor with AVX-512: 1 in 100 differs in the last bit from
// the nearest float, and at position 2000 such a bit moves an angle by 1e-4.
#pragma once

#include <span>
#include <vector>

namespace headspec::engine {

// `base` positive and finite, results within the range of normal floats.
std::vector<float> TorchPowers(float base, std::span<const float> exponents);

}  // namespace headspec::engine
