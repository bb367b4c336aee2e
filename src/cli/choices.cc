#include "cli/choices.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>
#include <sstream>
#include <system_error>

#include "core/nearest.h"

namespace headspec::cli {
namespace {

std::string Refusal(const std::string& value, const std::vector<std::string>& choices) {
  const std::string nearest = Nearest(value, choices);
  return fmt::format("expected {}{}, found \"{}\"{}", choices.size() > 2 ? "one of " : "",
                     fmt::join(choices, choices.size() > 2 ? ", " : " or "), value,
                     nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest));
}

std::string RangeWords(std::int64_t least, std::int64_t most) {
  const bool is_any = least == std::numeric_limits<std::int64_t>::min();
  return is_any ? "an integer of 64 bits" : fmt::format("an integer from {} to {}", least, most);
}

}  // namespace

std::vector<std::string> PartsOfType(const std::string& type_name) {
  std::vector<std::string> parts;
  std::istringstream in(type_name);
  for (std::string part; std::getline(in, part, '|');) parts.push_back(part);
  return parts;
}

bool IsKind(const std::string& part) {
  return std::all_of(part.begin(), part.end(), [](unsigned char c) { return std::isupper(c) != 0; });
}

CLI::Option* TakesOneOf(CLI::Option* option, const std::vector<std::string>& choices) {
  return option->type_name(fmt::format("{}", fmt::join(choices, "|")))
      ->check([choices](const std::string& value) {
        const bool is_choice = std::find(choices.begin(), choices.end(), value) != choices.end();
        return is_choice ? "" : Refusal(value, choices);
      });
}

// CLI11 makes the largest number of what is larger.
CLI::Option* TakesNumber(CLI::Option* option, std::int64_t least, std::int64_t most,
                         const std::string& type_name) {
  return option->type_name(type_name)->check([least, most](const std::string& text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool fits =
        error == std::errc() && end == text.data() + text.size() && value >= least && value <= most;
    return fits ? "" : fmt::format("expected {}, found \"{}\"", RangeWords(least, most), text);
  });
}

}  // namespace headspec::cli
