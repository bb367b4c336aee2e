#include "report/table_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "report/text.h"

namespace headspec::report {

std::string MatrixText(std::string_view title, const Table& table) {
  std::string text = fmt::format("# {}\n", OneLine(title));
  for (const auto& row : table) {
    const char* separator = "";
    for (const double value : row) {
      text += separator + (std::isfinite(value) ? PythonFloat(value) : std::string("NaN"));
      separator = " ";
    }
    text += '\n';
  }
  return text + "\n\n";
}

Range SpanOf(const std::vector<const Table*>& tables) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Range range{kInfinity, -kInfinity};
  for (const Table* table : tables) {
    for (const auto& row : *table) {
      for (const double value : row) {
        if (std::isfinite(value)) range = {std::min(range.low, value), std::max(range.high, value)};
      }
    }
  }
  if (range.low > range.high) return {0, 1};
  if (range.low == range.high) range.high = range.low + 1e-6;
  return range;
}

double LargestOf(const Table& table) {
  const Range range = SpanOf({&table});
  return std::max({std::abs(range.low), std::abs(range.high), 1e-9});
}

bool HasGap(const Table& table) {
  return std::any_of(table.begin(), table.end(), [](const auto& row) {
    return std::any_of(row.begin(), row.end(), [](double value) { return !std::isfinite(value); });
  });
}

std::string_view ShortName(std::string_view name) {
  const auto slash = name.find_last_of('/');
  return slash == std::string_view::npos || slash + 1 == name.size() ? name : name.substr(slash + 1);
}

}  // namespace headspec::report
