#include "experiment/own_metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>

#include "core/error.h"
#include "experiment/head_metrics_sink.h"

namespace headspec::experiment {
namespace {

constexpr std::string_view kReceivedEntropy = "received_entropy";

bool IsName(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

[[noreturn]] void Refuse(const std::string& name, const std::string& what, const std::string& next) {
  throw Error(ErrorKind::kInput, fmt::format("metric \"{}\": {}", name, what), next);
}

}  // namespace

bool IsBuiltInMetric(std::string_view name) {
  return name == kReceivedEntropy || name == kInduction ||
         std::find(std::begin(kPromptMetrics), std::end(kPromptMetrics), name) != std::end(kPromptMetrics);
}

void CheckOwnMetrics(const std::vector<HeadMetricDefinition>& metrics) {
  std::set<std::string> seen;
  for (const HeadMetricDefinition& metric : metrics) {
    if (!IsName(metric.name))
      Refuse(metric.name, "expected small letters, digits and underscores", "give it another name");
    if (IsBuiltInMetric(metric.name))
      Refuse(metric.name, "headspec has a metric of that name", "give it another name");
    if (!seen.insert(metric.name).second) Refuse(metric.name, "defined twice", "give one another name");
    if (!metric.make || !metric.make())
      Refuse(metric.name, "expected `make` to return a reducer, found none",
             "return a std::unique_ptr to one");
  }
}

OwnMetricsSink::OwnMetricsSink(const std::vector<HeadMetricDefinition>& metrics,
                               const model::ModelConfig& config, const std::vector<std::vector<int>>& ids,
                               std::size_t prompts)
    : config_(config), ids_(ids), prompts_(prompts) {
  const auto heads = static_cast<std::size_t>(config.heads);
  for (const HeadMetricDefinition& metric : metrics) {
    auto& reducers = reducers_.emplace_back();
    for (std::size_t i = 0; i < prompts * heads; ++i) reducers.push_back(metric.make());
    values_.push_back(
        {.name = metric.name,
         .per_prompt = std::vector<Table>(
             prompts, Table(static_cast<std::size_t>(config.layers), std::vector<double>(heads)))});
  }
}

void OwnMetricsSink::Take(const engine::AttentionTile& tile) {
  const auto prompt = static_cast<std::size_t>(tile.prompt);
  if (prompt >= prompts_) return;
  const auto layer = static_cast<std::size_t>(tile.layer);
  const auto head = static_cast<std::size_t>(tile.head);
  for (std::size_t m = 0; m < reducers_.size(); ++m) {
    HeadReducer& reducer = *reducers_[m][prompt * static_cast<std::size_t>(config_.heads) + head];
    if (tile.IsFirst()) reducer.Begin({tile.prompt, tile.layer, tile.head, ids_[prompt], config_.is_causal});
    for (int i = 0; i < tile.rows.rows; ++i)
      reducer.Add({tile.rows.Row(i), static_cast<std::size_t>(tile.rows.cols)});
    if (tile.IsLast()) values_[m].per_prompt[prompt][layer][head] = reducer.Value();
  }
}

}  // namespace headspec::experiment
