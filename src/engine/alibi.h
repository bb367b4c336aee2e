// Attention with linear biases: what a key's position adds to its scores, head by head.
#pragma once

#include <vector>

#include "core/dtype.h"
#include "model/config.h"

namespace headspec::engine {

// Slopes (H) in float, as the kind's reference computes them.
std::vector<float> AlibiSlopes(model::Alibi kind, int heads);

// What position 0 .. tokens - 1 adds for a slope, rounded as the kind's reference rounds it.
std::vector<float> AlibiOfKeys(model::Alibi kind, float slope, int tokens, DType type);

}  // namespace headspec::engine
