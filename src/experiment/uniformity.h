// What the models of a ladder do not have in common, and what that does to a comparison of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "headspec/plan.h"
#include "headspec/result.h"
#include "headspec/run.h"

namespace headspec::experiment {

// How one model's text becomes tokens.
struct TokenFacts {
  std::string model;  // its display name
  bool adds_bos = false;
  bool has_chat_template = false;
  bool chat_template_applied = false;
};

// One sentence for each mix; none when all models agree. `whole` is what they are parts of.
std::vector<std::string> MixWarnings(const std::vector<TokenFacts>& models,
                                     std::string_view whole = "ladder");

// Of the models that were measured; failed ones have no facts.
std::vector<std::string> MixWarnings(const std::vector<ModelResult>& models);

// Looks at the tokenizers of the whole ladder, before anything is measured. Throws Error(kInput) on a mix. A
// model that cannot be read is left to fail in its turn.
void RequireUniform(const Plan& plan, const HubOptions& hub, Observer& observer);

}  // namespace headspec::experiment
