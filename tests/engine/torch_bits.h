// Inputs that torch_bits.py makes too, and the checksum of results that it prints.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

namespace headspec::kernels {

// As values() there.
inline std::vector<float> HashedValues(std::uint32_t seed, int count, int bits) {
  std::vector<float> values;
  for (int i = 0; i < count; ++i) {
    std::uint32_t hashed = (seed + static_cast<std::uint32_t>(i)) * 2654435761u + 12345u;
    hashed = (hashed ^ (hashed >> 15)) * 2246822519u;
    const double integer = static_cast<double>(hashed >> (32 - bits)) - std::ldexp(1, bits - 1);
    values.push_back(static_cast<float>(std::ldexp(integer, 4 - bits)));
  }
  return values;
}

// As checksum() there.
class Checksum {
 public:
  void Add(const std::vector<float>& values) {
    for (const float value : values) {
      const std::uint32_t word = std::isnan(value) ? 0x7fc00000u : std::bit_cast<std::uint32_t>(value);
      total_ = (total_ ^ word) * 1099511628211u;
    }
  }
  std::uint64_t total() const { return total_; }

 private:
  std::uint64_t total_ = 14695981039346656037u;
};

}  // namespace headspec::kernels
