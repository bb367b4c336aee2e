// The result that every kind of run begins with.
#pragma once

#include "headspec/plan.h"
#include "headspec/result.h"

namespace headspec::experiment {

// A result with plan, time and version filled in, and nothing measured yet.
RunResult StartResult(const Plan& plan);

}  // namespace headspec::experiment
