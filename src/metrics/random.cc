#include "metrics/random.h"

#include <utility>
#include <vector>

namespace headspec::metrics {

Random::Random(std::uint64_t seed, std::string_view purpose) {
  std::vector<std::uint32_t> words = {static_cast<std::uint32_t>(seed),
                                      static_cast<std::uint32_t>(seed >> 32)};
  for (const char letter : purpose) words.push_back(static_cast<unsigned char>(letter));
  std::seed_seq sequence(words.begin(), words.end());
  engine_.seed(sequence);
}

std::uint32_t Random::Below(std::uint32_t bound) {
  // The high word of draw * bound is uniform once the few draws whose low word falls below 2^32 mod bound are
  // rejected.
  auto product = static_cast<std::uint64_t>(engine_() >> 32) * bound;
  if (static_cast<std::uint32_t>(product) < bound) {
    const std::uint32_t threshold = (0u - bound) % bound;
    while (static_cast<std::uint32_t>(product) < threshold)
      product = static_cast<std::uint64_t>(engine_() >> 32) * bound;
  }
  return static_cast<std::uint32_t>(product >> 32);
}

double Random::Uniform() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }

void Random::Shuffle(std::span<double> values) {
  for (std::size_t last = values.size(); last > 1; --last)
    std::swap(values[last - 1], values[Below(static_cast<std::uint32_t>(last))]);
}

}  // namespace headspec::metrics
