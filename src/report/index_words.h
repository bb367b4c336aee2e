// The index and its statistics in the words of the console.
#pragma once

#include <string>

#include "headspec/result.h"

namespace headspec::report {

// "0.3412 (0.3309 to 0.3522)", the 95 % interval over prompts where there is one, or "undefined".
std::string IndexCell(const ModelResult& model);

// The same as a sentence, with the reason where there is no interval.
std::string IndexSentence(const ModelResult& model);

// What the statistics support, under a verdict or a table: each model against the target, and the run's
// readings. Empty without any.
std::string SupportBlock(const RunResult& run);

}  // namespace headspec::report
