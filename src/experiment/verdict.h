// The notebook's two verdict rules: the console cell's (at least 3 models) and the JSON cell's (at least 4).
#pragma once

#include "headspec/plan.h"
#include "headspec/result.h"

namespace headspec::experiment {

// |si - target| <= tolerance; false for NaN.
bool IsWithinTarget(double si, const Hypothesis& hypothesis);

Verdict Decide(const Hypothesis& hypothesis, const std::vector<ModelResult>& models,
               const std::vector<Reference>& references);

}  // namespace headspec::experiment
