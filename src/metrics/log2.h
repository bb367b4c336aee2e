// log2 of an attention weight, written so that a loop over it becomes vector instructions; std::log2 does
// not, and its last bit depends on the C library.
#pragma once

#include <bit>
#include <cstdint>

namespace headspec::metrics {

// For positive normal floats: 2 / ln 2 * artanh((m - 1) / (m + 1)) + e with weight = m * 2^e and m in
// [0.7, 1.4); ten terms leave a relative error below 1e-15. Finite for 0 and subnormal weights, where weight
// * Log2(weight) is 0 or next to nothing, and meaningless for the rest.
inline double Log2(float weight) {
  constexpr double kTwoOverLn2 = 2.8853900817779268;
  const auto bits = std::bit_cast<std::uint32_t>(weight);
  const auto exponent = static_cast<std::int32_t>(bits - 0x3f333333u) >> 23;  // 0x3f333333: the bits of 0.7f
  const double m =
      static_cast<double>(std::bit_cast<float>(bits - (static_cast<std::uint32_t>(exponent) << 23)));
  const double s = (m - 1) / (m + 1);
  const double t = s * s;
  double series = 1.0 / 19;
  series = series * t + 1.0 / 17;
  series = series * t + 1.0 / 15;
  series = series * t + 1.0 / 13;
  series = series * t + 1.0 / 11;
  series = series * t + 1.0 / 9;
  series = series * t + 1.0 / 7;
  series = series * t + 1.0 / 5;
  series = series * t + 1.0 / 3;
  series = series * t + 1.0;
  return kTwoOverLn2 * s * series + static_cast<double>(exponent);
}

}  // namespace headspec::metrics
