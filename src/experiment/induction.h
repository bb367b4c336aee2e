// The synthetic prompt on which induction is measured: random tokens, then the same again, so that nothing
// but the repetition tells what comes next.
#pragma once

#include <vector>

#include "metrics/maybe.h"
#include "model/config.h"
#include "text/tokenizer.h"

namespace headspec::experiment {

// 25 different ordinary tokens of the vocabulary, drawn with a fixed seed, twice; fewer where the model or
// `max_length` has no room. In front of them the special tokens that every prompt of this model begins with,
// and no other: a model without BOS gets none, and none is among the random ones or repeated. None if there
// is no room or vocabulary for two tokens.
metrics::Maybe<std::vector<int>> InductionSequence(const model::ModelConfig& config,
                                                   const text::Tokenizer& tokenizer, int max_length);

}  // namespace headspec::experiment
