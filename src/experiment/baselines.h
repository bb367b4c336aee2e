// What heads give that have learnt nothing, on the very prompts of a measurement.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "experiment/subject.h"
#include "headspec/plan.h"
#include "headspec/result.h"
#include "headspec/run.h"

namespace headspec::experiment {

// Means over prompts of these lengths of what a causal head gives that attends evenly to all it sees.
std::vector<std::pair<std::string, double>> UniformHeadMeans(const std::vector<int>& lengths);

struct BaselineInputs {
  const Subject& subject;
  const Protocol& protocol;
  Precision precision = Precision::kBFloat16;
  RunOptions run = {};
};

// Both baselines for what `measured` measured. What prevents the second one is stated, not thrown; only an
// interruption is.
Baselines MeasureBaselines(const BaselineInputs& inputs, const ModelResult& measured, Observer& observer);

}  // namespace headspec::experiment
