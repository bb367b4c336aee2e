// The notebook's sanity check: before the experiment, one prompt through eight steps, in each variant
// (precision, chat template) until one passes.
#pragma once

#include <vector>

#include "experiment/subject.h"
#include "headspec/plan.h"
#include "headspec/result.h"
#include "headspec/run.h"

namespace headspec::experiment {

struct SanityOutcome {
  std::vector<SanityResult> attempts;  // in order; the last one passed, or none did
  bool passed = false;
};

// `subject` is what `entry` names, loaded: a model that cannot be is no matter of precision.
SanityOutcome CheckSanity(const Subject& subject, const ModelEntry& entry, const Protocol& protocol,
                          const RunOptions& options, Observer& observer);

// One variant. Never throws for a model that cannot be measured, only when interrupted.
SanityResult TrySanity(const Subject& subject, const ModelEntry& entry, const Protocol& protocol,
                       const SanityVariant& variant, const RunOptions& options, Observer& observer);

}  // namespace headspec::experiment
