#include "core/model_size.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "core/error.h"
#include "core/text.h"

namespace headspec {
namespace {

// Billions in one unit of `suffix`; 0 if it is no suffix.
double BillionsPer(std::string_view suffix) {
  if (suffix.empty()) return 1;
  if (suffix.size() != 1) return 0;
  switch (suffix.front()) {
    case 'K':
    case 'k':
      return 1e-6;
    case 'M':
    case 'm':
      return 1e-3;
    case 'B':
    case 'b':
      return 1;
    case 'T':
    case 't':
      return 1e3;
    default:
      return 0;
  }
}

}  // namespace

double ParseModelSize(std::string_view text) {
  const std::string_view size = Trim(text);
  double number = 0;
  const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), number);
  const std::string_view suffix = Trim(size.substr(static_cast<std::size_t>(end - size.data())));
  const double billions = number * BillionsPer(suffix);
  if (error != std::errc{} || !std::isfinite(billions) || billions <= 0) {
    throw Error(ErrorKind::kInput, fmt::format("model size \"{}\" is not a number of parameters", text),
                "write it as 1.3B, 500M or 0.0005B");
  }
  return billions;
}

}  // namespace headspec
