// Prompts filled up to one length, as the study's padded files were measured.
#pragma once

#include <vector>

#include "engine/forward.h"
#include "experiment/subject.h"
#include "headspec/plan.h"
#include "headspec/result.h"

namespace headspec::experiment {

struct PaddedPrompts {
  std::vector<std::vector<int>> ids;              // (P)(T)
  std::vector<engine::ValidTokens> valid_tokens;  // (P); empty without padding
  PaddingUsed used;
};

// The prompts as the protocol wants them. Throws Error(kInput) where padding is asked for and the model has
// no token for it, or masks in a way that is not known.
PaddedPrompts PadPrompts(const Subject& subject, const std::vector<std::vector<int>>& ids,
                         const Protocol& protocol);

}  // namespace headspec::experiment
