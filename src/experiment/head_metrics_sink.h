// Everything of metrics/head_metrics.h for every prompt, layer and head of a pass, as tables by name.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/attention_sink.h"
#include "headspec/result.h"
#include "metrics/head_metrics.h"
#include "metrics/token_matches.h"
#include "model/config.h"

namespace headspec::experiment {

// Those of the experiment's prompts, in the order in which they are kept and written. The second comes from
// EntropySink.
inline constexpr std::string_view kPromptMetrics[] = {"query_entropy",    "received_entropy_without_first",
                                                      "sink_mass",        "previous_token",
                                                      "duplicate_token",  "mean_distance",
                                                      "local_mass",       "max_weight",
                                                      "effective_support"};
inline constexpr std::string_view kWithoutFirst = kPromptMetrics[1];
inline constexpr std::string_view kInduction = "induction";

class HeadMetricsSink final : public engine::AttentionSink {
 public:
  // `ids` are the pass's prompts and must outlive the sink.
  HeadMetricsSink(const model::ModelConfig& config, const std::vector<std::vector<int>>& ids);
  void Take(const engine::AttentionTile& tile) override;

  // (P)(L)(H) of one metric; NaN where a prompt does not define it. `name` is one of kPromptMetrics but
  // kWithoutFirst, or kInduction.
  std::vector<Table> PerPrompt(std::string_view name) const;

 private:
  using OfLayer = std::vector<std::optional<metrics::HeadMetrics>>;  // (H)

  const model::ModelConfig& config_;
  std::vector<metrics::TokenMatches> matches_;  // (P)
  std::vector<std::unique_ptr<metrics::HeadMetricsReducer>>
      reducers_;                              // (P)(H), there from first to last tile
  std::vector<std::vector<OfLayer>> values_;  // (P)(L)(H)
};

// Fills `mean` and, for grouped-query models, `kv_group_means`.
void AverageOverPrompts(int kv_heads, HeadMetric& metric);
// Means over the heads of each key-value head; empty unless there are several groups of several heads.
Table KvGroupMeans(const Table& values, int kv_heads);

}  // namespace headspec::experiment
