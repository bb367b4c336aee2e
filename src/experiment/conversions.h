// Which stored types became which on the way into the arithmetic of a pass.
#pragma once

#include <vector>

#include "headspec/plan.h"
#include "headspec/result.h"
#include "model/model.h"

namespace headspec::experiment {

// Of the tensors that a pass in `precision` uses, by stored type.
std::vector<Conversion> ConversionsOf(const model::Model& model, Precision precision);

}  // namespace headspec::experiment
