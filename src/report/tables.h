// What the console shows, as text: the notebook's sanity steps, architecture lines, ladder table and
// verdict in fewer, aligned lines. Every function returns whole lines, the last one ended too.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "headspec/result.h"

namespace headspec::report {

// The eight steps of one attempt, as far as it came. `min_si` is the threshold of the last step.
std::string SanityBlock(const SanityResult& sanity, std::string_view model, double min_si);

// Architecture, settings, index and warnings of one model; its error if it failed.
std::string ModelLines(const ModelResult& model);

// One line for a model that is done: its name in `name_width` columns, index, heads and time; under it its
// warnings.
std::string ModelLine(const ModelResult& model, std::size_t name_width);

// What is tested: both hypotheses and the target. Empty without a hypothesis.
std::string HypothesisBlock(const Plan& plan);

// The ladder with its references, and under it what its rows leave open. Without a verdict there is no
// column "Within target?".
std::string LadderTable(const RunResult& run);

// The console's decision, and one line where results.json decides otherwise. Empty without a verdict.
std::string VerdictBlock(const RunResult& run);

// The stored decision, as the notebook ends. Empty without a verdict.
std::string FinalVerdict(const RunResult& run);

}  // namespace headspec::report
