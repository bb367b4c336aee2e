// What a forward pass will cost, before it runs.
#pragma once

#include <cstdint>
#include <vector>

#include "model/model.h"

namespace headspec::engine {

struct PassPlan {
  std::int64_t tokens = 0;                // of all prompts
  double operations = 0;                  // floating point, a multiply-add counts 2
  std::uint64_t weight_bytes = 0;         // read once from the file
  std::uint64_t activation_bytes = 0;     // anonymous memory for activations
  int chunks = 0;                         // groups of prompts that meet a layer one after the other
  std::uint64_t largest_layer_bytes = 0;  // file pages of one layer, in use at a time
};

// Without the weights, of which the configuration knows no bytes.
PassPlan PlanPass(const model::ModelConfig& config, const std::vector<int>& prompt_lengths,
                  std::uint64_t activation_budget);
PassPlan PlanPass(const model::Model& model, const std::vector<int>& prompt_lengths,
                  std::uint64_t activation_budget);

// Floating-point operations per second of a linear layer here, from a short run (a fraction of a second).
double MeasureSpeed(int threads);

}  // namespace headspec::engine
