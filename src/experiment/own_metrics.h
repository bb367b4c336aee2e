// The caller's own metrics (headspec/metric.h) in a pass.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "engine/attention_sink.h"
#include "headspec/metric.h"
#include "headspec/result.h"
#include "model/config.h"

namespace headspec::experiment {

// Throws Error(kInput) on a name that is empty, not of small letters, digits and underscores, twice there, or
// one of headspec's; and on a definition that makes nothing.
void CheckOwnMetrics(const std::vector<HeadMetricDefinition>& metrics);

// Whether headspec has a metric of this name.
bool IsBuiltInMetric(std::string_view name);

class OwnMetricsSink final : public engine::AttentionSink {
 public:
  // All must outlive the sink; `ids` are the pass's prompts, of which the first `prompts` are reduced.
  OwnMetricsSink(const std::vector<HeadMetricDefinition>& metrics, const model::ModelConfig& config,
                 const std::vector<std::vector<int>>& ids, std::size_t prompts);
  void Take(const engine::AttentionTile& tile) override;

  std::vector<HeadMetric> Release() { return std::move(values_); }  // per_prompt alone is filled

 private:
  const model::ModelConfig& config_;
  const std::vector<std::vector<int>>& ids_;
  std::size_t prompts_;
  std::vector<std::vector<std::unique_ptr<HeadReducer>>>
      reducers_;                    // (metrics)(P * H), reused layer after layer
  std::vector<HeadMetric> values_;  // (metrics)
};

}  // namespace headspec::experiment
