// What a model's index depends on: the same prompts under every precision and numerics profile, other head
// metrics in place of received entropy, and one layer or one prompt left out.
#pragma once

#include <vector>

#include "experiment/subject.h"
#include "headspec/plan.h"
#include "headspec/result.h"
#include "headspec/run.h"

namespace headspec::experiment {

struct SensitivityInputs {
  const Subject& subject;
  const Protocol& protocol;
  Precision precision = Precision::kBFloat16;  // in which `measured` was measured
  RunOptions run = {};
};

// One pass for each combination that `measured` is not; the rest comes from its tables. Throws Error.
std::vector<SensitivityRow> MeasureSensitivity(const SensitivityInputs& inputs, const ModelResult& measured,
                                               Observer& observer);

// Rows that need no pass: other metrics, one layer less, one prompt less.
std::vector<SensitivityRow> DerivedSensitivity(const ModelResult& measured);

}  // namespace headspec::experiment
