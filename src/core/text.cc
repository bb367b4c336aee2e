#include "core/text.h"

#include <fmt/format.h>

namespace headspec {

std::string AmountText(std::uint64_t bytes) {
  const bool large = bytes >= 1'000'000'000;
  return fmt::format("{:.2f} {}", static_cast<double>(bytes) / (large ? 1e9 : 1e6), large ? "GB" : "MB");
}

}  // namespace headspec
