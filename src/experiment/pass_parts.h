// A pass over many prompts as passes over consecutive ranges of them, and their results joined: bit for bit
// what one pass over all gives, in less memory, and each part can be kept as soon as it is done.
#pragma once

#include <string>
#include <vector>

#include "experiment/pass_memo.h"
#include "model/config.h"

namespace headspec::experiment {

// [first, last), counted from 0.
struct PromptRange {
  int first = 0;
  int last = 0;

  int size() const { return last - first; }
  bool operator==(const PromptRange&) const = default;
};

// 0 .. at_once, at_once .. 2 at_once, and so on; one range if `at_once` is 0.
std::vector<PromptRange> RangesOf(int prompts, int at_once);

// Why these ranges of prompts of so many tokens do not give what all prompts give together, in words; ""
// where they do. Dynamic rotary scaling depends on the prompts before.
std::string WhyNotInParts(const model::ModelConfig& config, const std::vector<int>& lengths,
                          const std::vector<PromptRange>& ranges);

// `parts` are the results of `ranges`, in their order; induction is in the last one, where it was asked for.
PassResult JoinParts(std::vector<PassResult> parts, const std::vector<PromptRange>& ranges);

}  // namespace headspec::experiment
