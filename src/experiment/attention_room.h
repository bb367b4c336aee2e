// What keeping the attention takes is known before anything is measured: it is said then, or refused.
#pragma once

#include "experiment/subject.h"
#include "headspec/plan.h"
#include "headspec/run.h"

namespace headspec::experiment {

// Tells the observer the size for each model of a plan that keeps attention; nothing for one that does not.
// Models that cannot be read are left to their own turn. Throws Error(kInput) where all together are above
// the protocol's limit, and where prompts are padded.
void StateKeptAttention(const Plan& plan, const HubOptions& hub, Observer& observer);

// The same for one model in its turn, silently.
void RequireRoomForAttention(const Subject& subject, const std::vector<std::vector<int>>& ids,
                             const Protocol& protocol);

}  // namespace headspec::experiment
