// A pass over many prompts as passes over consecutive ranges of them, and their results joined: bit for bit
// what one pass over all gives, in less memory, and each part can be kept as soon as it is done.
#pragma once

#include <string>
#include <vector>

#include "experiment/pass_memo.h"
#include "experiment/prompt_range.h"
#include "model/config.h"

namespace headspec::experiment {

// Why these ranges of prompts of so many tokens do not give what all prompts give together, in words; ""
// where they do. Dynamic rotary scaling depends on the prompts before.
std::string WhyNotInParts(const model::ModelConfig& config, const std::vector<int>& lengths,
                          const std::vector<PromptRange>& ranges);

// `parts` are the results of `ranges`, in their order; induction is in the last one, where it was asked for.
PassResult JoinParts(std::vector<PassResult> parts, const std::vector<PromptRange>& ranges);

}  // namespace headspec::experiment
