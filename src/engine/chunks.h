// Splits the prompts of a pass into chunks whose activations fit a budget. A layer's weights serve all its
// chunks before the next layer is read, so chunks cost no second reading of the file.
#pragma once

#include <cstdint>
#include <vector>

#include "model/config.h"

namespace headspec::engine {

// Consecutive prompts, processed together.
struct Chunk {
  int first_prompt = 0;
  int prompts = 0;
  int first_token = 0;  // in the ragged batch of all prompts
  int tokens = 0;
};

// Bytes of working activations for one token of a chunk, and of the residual stream that every token keeps
// from layer to layer.
std::uint64_t WorkingBytesPerToken(const model::ModelConfig& config);
std::uint64_t ResidualBytesPerToken(const model::ModelConfig& config);

// Chunks of whole prompts, in order. A prompt that alone exceeds the budget is a chunk of its own.
std::vector<Chunk> SplitIntoChunks(const model::ModelConfig& config, const std::vector<int>& prompt_lengths,
                                   std::uint64_t budget_bytes);

}  // namespace headspec::engine
