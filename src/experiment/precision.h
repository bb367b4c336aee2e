// The precisions of the public plan in the words of the engine; headspec/plans.h has their names.
#pragma once

#include "core/dtype.h"
#include "headspec/plan.h"

namespace headspec::experiment {

DType TypeOf(Precision precision);
// The type in which queries and keys are multiplied.
DType ScoreTypeOf(Profile profile, Precision precision);

}  // namespace headspec::experiment
