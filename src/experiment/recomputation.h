// A recorded measurement once more, with its own settings, and where it comes out differently.
#pragma once

#include <vector>

#include "experiment/verification.h"
#include "headspec/plan.h"
#include "headspec/result.h"
#include "headspec/run.h"

namespace headspec::experiment {

// The model as it is to be found again: in its folder, or in the hub's cache at its commit.
ModelEntry RecordedEntry(const ModelResult& recorded);

// Groups "tokens" and "entropies". `protocol` holds the prompts and the length limit of the run.
std::vector<CheckGroup> Recompute(const ModelResult& recorded, const Protocol& protocol,
                                  const RunOptions& options, Observer& observer);

// Equal bits, or both NaN.
bool IsSame(double a, double b);

}  // namespace headspec::experiment
