// What measuring a model will take, from its config.json alone: before anything of it is downloaded. Tokens
// are estimated from the prompts' bytes, as the tokenizer may not be here, and never otherwise: every machine
// gets the same operations.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "headspec/plan.h"
#include "headspec/run.h"

namespace headspec::experiment {

struct PassEstimate {
  double operations = 0;           // floating point, of all passes, and what takes as long
  std::uint64_t memory_bytes = 0;  // of activations, results and program; file pages not counted
};

// `place` stands for where the configuration is from, in messages. Throws Error(kInput) for a model that
// cannot be measured.
PassEstimate EstimatePass(const std::string& config, const std::filesystem::path& place,
                          const Protocol& protocol, const RunOptions& run);

// At so many operations a second: the passes, and what every model takes beside them.
double SecondsOf(const PassEstimate& estimate, double operations_per_second);

// Operations a second here; takes a fraction of a second.
double MeasuredSpeed(int threads);

}  // namespace headspec::experiment
