#include "experiment/stored_si.h"

#include <algorithm>
#include <cmath>

#include "experiment/statistics.h"
#include "experiment/stored_entropies.h"
#include "metrics/specialization.h"

namespace headspec::experiment {
namespace {

constexpr double kRounding = 1e-9;

bool HasMean(const std::vector<Table>& prompts, const Table& mean) {
  for (const Table& prompt : prompts) {
    if (prompt.size() != mean.size() || prompt.front().size() != mean.front().size()) return false;
  }
  const Table again = metrics::MeanTable(prompts);
  return std::equal(again.begin(), again.end(), mean.begin(), [](const auto& a, const auto& b) {
    return std::equal(a.begin(), a.end(), b.begin(),
                      [](double x, double y) { return std::abs(x - y) <= kRounding; });
  });
}

IndexStatistics StatisticsOf(const StoredEntropies& stored, Progress* progress) {
  const std::int64_t seed = StatisticsSeed({});
  const bool is_mean = stored.prompts.empty() || HasMean(stored.prompts, stored.values);
  IndexStatistics statistics =
      ComputeIndexStatistics(stored.values, is_mean ? stored.prompts : std::vector<Table>{}, seed, progress);
  if (!is_mean) statistics.bootstrap.reason = "the mean of the prompts' values is another matrix";
  return statistics;
}

}  // namespace

std::vector<StoredIndex> StoredIndices(const std::filesystem::path& file, Progress* progress) {
  std::vector<StoredIndex> all;
  for (const StoredEntropies& stored : ReadStoredEntropies(file)) {
    const metrics::Specialization s = metrics::ComputeSpecialization(stored.values);
    all.push_back({stored.place, static_cast<int>(stored.values.size()),
                   static_cast<int>(stored.values.front().size()), s.index, s.mean_correlation, s.correlation,
                   s.constant_heads, static_cast<int>(stored.prompts.size()),
                   StatisticsOf(stored, progress)});
  }
  return all;
}

}  // namespace headspec::experiment
