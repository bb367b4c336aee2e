// Which prompts of a set are measured together.
#pragma once

#include <vector>

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

}  // namespace headspec::experiment
