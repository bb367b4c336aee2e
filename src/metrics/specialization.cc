#include "metrics/specialization.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace headspec::metrics {
namespace {

using Profile = std::vector<double>;  // one value per layer

std::vector<Profile> CentredProfiles(const Table& values) {
  const std::size_t layers = values.size();
  std::vector<Profile> profiles(values.front().size(), Profile(layers));
  for (std::size_t head = 0; head < profiles.size(); ++head) {
    double sum = 0;
    for (std::size_t layer = 0; layer < layers; ++layer) sum += values[layer][head];
    const double mean = sum / static_cast<double>(layers);
    for (std::size_t layer = 0; layer < layers; ++layer) profiles[head][layer] = values[layer][head] - mean;
  }
  return profiles;
}

bool IsConstant(const Table& values, std::size_t head) {
  return std::all_of(values.begin(), values.end(),
                     [&](const auto& row) { return row[head] == values.front()[head]; });
}

double Dot(const Profile& a, const Profile& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace

Specialization ComputeSpecialization(const Table& values) {
  const std::vector<Profile> profiles = CentredProfiles(values);
  const std::size_t heads = profiles.size();
  Specialization result;
  result.correlation.assign(heads, std::vector<double>(heads, std::numeric_limits<double>::quiet_NaN()));
  std::vector<double> norms;  // 0 for a constant head
  for (std::size_t head = 0; head < heads; ++head) {
    const bool constant = IsConstant(values, head);
    norms.push_back(constant ? 0.0 : std::sqrt(Dot(profiles[head], profiles[head])));
    if (constant) result.constant_heads.push_back(static_cast<int>(head));
  }
  double sum = 0;
  int pairs = 0;
  for (std::size_t a = 0; a < heads; ++a) {
    for (std::size_t b = a; b < heads; ++b) {
      if (norms[a] == 0 || norms[b] == 0) continue;
      const double correlation = std::clamp(Dot(profiles[a], profiles[b]) / (norms[a] * norms[b]), -1.0, 1.0);
      result.correlation[a][b] = result.correlation[b][a] = correlation;
      if (a == b || std::isnan(correlation)) continue;
      sum += correlation;
      ++pairs;
    }
  }
  result.mean_correlation = pairs == 0 ? std::numeric_limits<double>::quiet_NaN() : sum / pairs;
  result.index = 1.0 - result.mean_correlation;
  return result;
}

Table MeanTable(const std::vector<Table>& tables) {
  Table mean = tables.front();
  for (std::size_t p = 1; p < tables.size(); ++p) {
    for (std::size_t row = 0; row < mean.size(); ++row) {
      for (std::size_t col = 0; col < mean[row].size(); ++col) mean[row][col] += tables[p][row][col];
    }
  }
  for (auto& row : mean) {
    for (double& value : row) value /= static_cast<double>(tables.size());
  }
  return mean;
}

}  // namespace headspec::metrics
