#include "metrics/index.h"

#include <fmt/format.h>

#include <cmath>
#include <cstddef>
#include <vector>

namespace headspec::metrics {
namespace {

struct Standardisation {
  std::vector<double> means;   // (H), over layers
  std::vector<double> scales;  // (H), 1 / length of the centred profile; 0: the head is left out
};

Standardisation Standardise(const Table& values) {
  const std::size_t heads = values.front().size();
  Standardisation result{std::vector<double>(heads), std::vector<double>(heads)};
  std::vector<char> varies(heads);
  for (const auto& row : values) {
    for (std::size_t head = 0; head < heads; ++head) result.means[head] += row[head];
  }
  for (double& mean : result.means) mean /= static_cast<double>(values.size());
  for (const auto& row : values) {
    for (std::size_t head = 0; head < heads; ++head) {
      const double centred = row[head] - result.means[head];
      result.scales[head] += centred * centred;
      varies[head] |= static_cast<char>(row[head] != values.front()[head]);
    }
  }
  for (std::size_t head = 0; head < heads; ++head) {
    const double squares = result.scales[head];
    const bool kept = varies[head] && std::isfinite(squares) && squares > 0;
    result.scales[head] = kept ? 1 / std::sqrt(squares) : 0;
  }
  return result;
}

}  // namespace

std::optional<double> FastIndex(const Table& values) {
  const auto [means, scales] = Standardise(values);
  double kept = 0;
  for (const double scale : scales) kept += scale > 0 ? 1 : 0;
  if (kept < 2) return std::nullopt;
  double squared_length = 0;
  for (const auto& row : values) {
    double sum = 0;
    for (std::size_t head = 0; head < row.size(); ++head) {
      if (scales[head] > 0) sum += (row[head] - means[head]) * scales[head];
    }
    squared_length += sum * sum;
  }
  return 1 - (squared_length - kept) / (kept * (kept - 1));
}

std::string WhereNotFinite(const Table& values) {
  for (std::size_t layer = 0; layer < values.size(); ++layer) {
    for (std::size_t head = 0; head < values[layer].size(); ++head) {
      if (!std::isfinite(values[layer][head]))
        return fmt::format("layer {}, head {} is not a number", layer, head);
    }
  }
  return "";
}

std::string WhyNoIndex(const Table& values) {
  if (values.empty() || values.front().empty()) return "no values";
  if (values.size() == 1) return "one layer: a depth profile needs two";
  if (values.front().size() == 1) return "one head: a correlation needs two";
  if (std::string where = WhereNotFinite(values); !where.empty()) return where;
  if (!FastIndex(values)) return "fewer than two heads vary over the layers";
  return "";
}

}  // namespace headspec::metrics
