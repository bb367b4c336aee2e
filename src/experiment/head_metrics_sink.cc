#include "experiment/head_metrics_sink.h"

#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <map>

#include "metrics/head_summary.h"

namespace headspec::experiment {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

using metrics::HeadMetrics;

double ValueOf(std::string_view name, const HeadMetrics& m) {
  static const std::map<std::string_view, std::function<double(const HeadMetrics&)>> kFields = {
      {"query_entropy", [](const HeadMetrics& of) { return of.query_entropy.value_or(kNaN); }},
      {"sink_mass", [](const HeadMetrics& of) { return of.sink_mass; }},
      {"previous_token", [](const HeadMetrics& of) { return of.previous_token; }},
      {"duplicate_token", [](const HeadMetrics& of) { return of.duplicate_token.value_or(kNaN); }},
      {"mean_distance", [](const HeadMetrics& of) { return of.mean_distance; }},
      {"local_mass", [](const HeadMetrics& of) { return of.local_mass; }},
      {"max_weight", [](const HeadMetrics& of) { return of.max_weight; }},
      {"effective_support", [](const HeadMetrics& of) { return of.effective_support; }},
      {kInduction, [](const HeadMetrics& of) { return of.induction.value_or(kNaN); }}};
  return kFields.at(name)(m);
}

// Over the tables in which the value is a number.
double MeanOfDefined(const std::vector<Table>& tables, std::size_t layer, std::size_t head) {
  double sum = 0;
  int count = 0;
  for (const Table& table : tables) {
    if (std::isnan(table[layer][head])) continue;
    sum += table[layer][head];
    ++count;
  }
  return count > 0 ? sum / count : kNaN;
}

}  // namespace

HeadMetricsSink::HeadMetricsSink(const model::ModelConfig& config, const std::vector<std::vector<int>>& ids)
    : config_(config),
      reducers_(ids.size() * static_cast<std::size_t>(config.heads)),
      values_(ids.size(), std::vector<OfLayer>(static_cast<std::size_t>(config.layers),
                                               OfLayer(static_cast<std::size_t>(config.heads)))) {
  for (const auto& prompt : ids) matches_.emplace_back(prompt);
}

void HeadMetricsSink::Take(const engine::AttentionTile& tile) {
  const auto prompt = static_cast<std::size_t>(tile.prompt);
  auto& reducer = reducers_[static_cast<std::size_t>(tile.prompt * config_.heads + tile.head)];
  if (tile.IsFirst()) {
    reducer = std::make_unique<metrics::HeadMetricsReducer>();
    reducer->Reset({tile.tokens, config_.is_causal, config_.Layer(tile.layer).window, &matches_[prompt]});
  }
  for (int i = 0; i < tile.rows.rows; ++i)
    reducer->Add({tile.rows.Row(i), static_cast<std::size_t>(tile.rows.cols)});
  if (!tile.IsLast()) return;
  if (const auto found = reducer->Value())
    values_[prompt][static_cast<std::size_t>(tile.layer)][static_cast<std::size_t>(tile.head)] = *found;
  reducer.reset();
}

std::vector<Table> HeadMetricsSink::PerPrompt(std::string_view name) const {
  std::vector<Table> tables;
  for (const auto& prompt : values_) {
    Table& table = tables.emplace_back();
    for (const OfLayer& layer : prompt) {
      auto& row = table.emplace_back();
      for (const auto& head : layer) row.push_back(head ? ValueOf(name, *head) : kNaN);
    }
  }
  return tables;
}

Table KvGroupMeans(const Table& values, int kv_heads) {
  if (values.empty() || kv_heads <= 1 || kv_heads >= static_cast<int>(values.front().size())) return {};
  const auto means = metrics::GroupMeans(values, kv_heads);
  return means ? *means : Table();
}

void AverageOverPrompts(int kv_heads, HeadMetric& metric) {
  metric.mean = metric.per_prompt.front();
  for (std::size_t layer = 0; layer < metric.mean.size(); ++layer) {
    for (std::size_t head = 0; head < metric.mean[layer].size(); ++head)
      metric.mean[layer][head] = MeanOfDefined(metric.per_prompt, layer, head);
  }
  metric.kv_group_means = KvGroupMeans(metric.mean, kv_heads);
}

}  // namespace headspec::experiment
