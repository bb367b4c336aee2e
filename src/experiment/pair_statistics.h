// What stands beside the E11 protocol's point rule: each difference under resampled prompts and under its own
// null, and in words.
#pragma once

#include <string>
#include <vector>

#include "core/progress.h"
#include "headspec/comparison.h"
#include "metrics/permutation_null.h"

namespace headspec::experiment {

// The differences of the pair, in the order of the published files. Throws Error(kRun) if an index is not
// defined. Fills `verdict` too.
void ComparePairOf(const PairSide& base, const PairSide& tuned, Comparison& comparison,
                   Progress* progress = nullptr);

// The side's fields that follow from its entropies. Throws Error(kRun) if they are not numbers, with `name`.
void SummarizeSide(PairSide& side);

}  // namespace headspec::experiment
