// What listens to the attention of a pass: the reducers of the metrics, plugged into the engine's sink.
#pragma once

#include <vector>

#include "engine/attention_sink.h"
#include "headspec/table.h"
#include "metrics/received_entropy.h"

namespace headspec::experiment {

// Received entropy of every prompt, layer and head.
class EntropySink final : public engine::AttentionSink {
 public:
  EntropySink(int prompts, int layers, int heads);
  void Take(const engine::AttentionTile& tile) override;
  const std::vector<Table>& per_prompt() const { return values_; }  // (P)(L)(H)
  // The same with the first key left out of every prompt.
  const std::vector<Table>& without_first() const { return without_first_; }

 private:
  int heads_;
  std::vector<metrics::ReceivedEntropy> reducers_;  // (P)(H), reused layer after layer
  std::vector<Table> values_;
  std::vector<Table> without_first_;
};

// The sanity check's view of layer 0 of a single prompt.
struct ProbeValues {
  double abs_mean = 0;   // over heads, queries and keys, masked ones included
  double deviation = 0;  // the same, n - 1
  bool is_finite = false;
  bool first_heads_close = false;  // heads 0 and 1: |a - b| <= 1e-4 + 1e-5 |b|, as torch.allclose(atol=1e-4)
};

// Finds them.
class FirstLayerProbe final : public engine::AttentionSink {
 public:
  explicit FirstLayerProbe(int heads);
  void Take(const engine::AttentionTile& tile) override;

  ProbeValues Values() const;

 private:
  struct HeadSums {
    double absolute = 0;
    double sum = 0;
    double squares = 0;
    bool finite = true;
  };
  double Count() const;
  double AbsMean() const;
  double StandardDeviation() const;
  bool IsFinite() const;
  bool FirstTwoHeadsClose() const;

  int tokens_ = 0;
  std::vector<HeadSums> sums_;
  std::vector<std::vector<float>> first_heads_;  // (2)(T*T)
};

// Hands every tile to several sinks.
class AllSinks final : public engine::AttentionSink {
 public:
  void Add(engine::AttentionSink& sink) { sinks_.push_back(&sink); }
  void Take(const engine::AttentionTile& tile) override {
    for (engine::AttentionSink* sink : sinks_) sink->Take(tile);
  }

 private:
  std::vector<engine::AttentionSink*> sinks_;
};

}  // namespace headspec::experiment
