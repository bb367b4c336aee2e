#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "experiment/progress.h"
#include "experiment/statistics.h"
#include "experiment/stored_entropies.h"
#include "headspec/index.h"
#include "metrics/specialization.h"

namespace headspec {
namespace {

using experiment::ComputeIndexStatistics;
using experiment::ReadStoredEntropies;
using experiment::StoredEntropies;

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
  const std::int64_t seed = experiment::StatisticsSeed({});
  const bool is_mean = stored.prompts.empty() || HasMean(stored.prompts, stored.values);
  IndexStatistics statistics =
      ComputeIndexStatistics(stored.values, is_mean ? stored.prompts : std::vector<Table>{}, seed, progress);
  if (!is_mean) statistics.bootstrap.reason = "the mean of the prompts' values is another matrix";
  return statistics;
}

StoredIndex IndexOf(const Table& mean) {
  metrics::Specialization s = metrics::ComputeSpecialization(mean);
  StoredIndex index;
  index.layers = static_cast<int>(mean.size());
  index.heads = static_cast<int>(mean.front().size());
  index.specialization_index = s.index;
  index.mean_head_correlation = s.mean_correlation;
  index.head_correlation = std::move(s.correlation);
  index.constant_heads = std::move(s.constant_heads);
  return index;
}

std::string ShapeOf(const Table& table) {
  return fmt::format("{} x {}", table.size(), table.empty() ? 0 : table.front().size());
}

void CheckShapes(const std::vector<Table>& prompts) {
  if (prompts.empty() || prompts.front().empty() || prompts.front().front().empty()) {
    throw Error(ErrorKind::kInput, "entropies: expected at least one layer and one head, found none",
                "give [layers][heads], or [prompts][layers][heads]");
  }
  const Table& first = prompts.front();
  for (std::size_t p = 0; p < prompts.size(); ++p) {
    const auto has_width = [&first](const auto& row) { return row.size() == first.front().size(); };
    if (prompts[p].size() == first.size() && std::all_of(prompts[p].begin(), prompts[p].end(), has_width))
      continue;
    throw Error(
        ErrorKind::kInput,
        fmt::format(
            "entropies of prompt {}: expected {} layers x heads, as the first has, found {} or ragged rows",
            p + 1, ShapeOf(first), ShapeOf(prompts[p])),
        "give every prompt the same shape");
  }
}

}  // namespace

std::vector<StoredIndex> StoredIndices(const std::filesystem::path& file, Observer* observer) {
  Observer silent;
  experiment::ObserverProgress progress(observer == nullptr ? silent : *observer);
  std::vector<StoredIndex> all;
  for (const StoredEntropies& stored : ReadStoredEntropies(file)) {
    StoredIndex& index = all.emplace_back(IndexOf(stored.values));
    index.place = stored.place;
    index.prompts = static_cast<int>(stored.prompts.size());
    index.statistics = StatisticsOf(stored, &progress);
  }
  return all;
}

StoredIndex ComputeIndex(const std::vector<Table>& prompts, std::int64_t seed) {
  CheckShapes(prompts);
  const Table mean = metrics::MeanTable(prompts);
  StoredIndex index = IndexOf(mean);
  index.prompts = static_cast<int>(prompts.size());
  index.statistics = ComputeIndexStatistics(mean, prompts.size() > 1 ? prompts : std::vector<Table>{}, seed);
  return index;
}

}  // namespace headspec
