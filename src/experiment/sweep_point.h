// One model's result reduced to what the curves of a sweep show: whole-model numbers with their intervals.
#pragma once

#include "headspec/result.h"
#include "headspec/sweep.h"

namespace headspec::experiment {

// Of a model that was measured (no error). Everything but the cell's id. All intervals are over the prompts
// that the index's own interval resamples, drawn alike, so that a reader may hold one against another.
//   si           the index, with the interval and the null of its statistics
//   depth_share  1 - the share of variance between layers
//   entropy      received entropy, mean over layers and heads
//   metrics      each head metric, mean over layers and heads; NaN where a head has none. Without an
//   interval:
//                induction, which has a sequence of its own, and what one prompt defines in some heads only
SweepPoint PointOf(const ModelResult& model);

}  // namespace headspec::experiment
