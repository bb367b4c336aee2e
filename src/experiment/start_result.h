// The result that every kind of run begins with.
#pragma once

#include "headspec/plan.h"
#include "headspec/result.h"
#include "headspec/run.h"

namespace headspec::experiment {

// Throws Error(kInput) on metrics that cannot be measured. A result with plan, time, version and environment
// filled in, and nothing measured yet.
RunResult StartResult(const Plan& plan, const RunOptions& options);

}  // namespace headspec::experiment
