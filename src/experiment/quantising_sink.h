// The attention itself, kept: a byte for each weight.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "engine/attention_sink.h"

namespace headspec::experiment {

// round(255 w) of a weight between 0 and 1; NaN becomes 0, infinity 255.
std::uint8_t QuantiseWeight(float weight);

// Bytes that QuantisingSink holds for prompts of these lengths.
std::uint64_t KeptBytes(int layers, int heads, const std::vector<int>& lengths);

class QuantisingSink final : public engine::AttentionSink {
 public:
  // `lengths` are the tokens of the prompts to keep, the first ones of the pass; what comes after is ignored.
  QuantisingSink(int layers, int heads, const std::vector<int>& lengths);
  void Take(const engine::AttentionTile& tile) override;

  // (P), each [L][H][T][T]: query, key. Masked keys are 0.
  std::vector<std::vector<std::uint8_t>> Release() { return std::move(weights_); }

 private:
  int heads_;
  std::vector<std::vector<std::uint8_t>> weights_;
};

}  // namespace headspec::experiment
