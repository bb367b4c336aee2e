// The precisions of the public plan in the words of the engine, and back from the command line.
#pragma once

#include <string_view>

#include "core/dtype.h"
#include "headspec/plan.h"

namespace headspec::experiment {

DType TypeOf(Precision precision);
// "bfloat16", "float16" or "float32"; anything else throws Error(kInput) that names `where`.
Precision ParsePrecision(std::string_view name, std::string_view where);
// "hf-4.57", "hf-4.47" or "exact"; anything else throws Error(kInput) that names `where`.
Profile ParseProfile(std::string_view name, std::string_view where);
// Applies a profile: kExact leaves only the float32 variants. Throws Error(kInput) if that leaves none.
void UseProfile(Profile profile, std::string_view where, Protocol& protocol);
// The type in which queries and keys are multiplied.
DType ScoreTypeOf(Profile profile, Precision precision);

// "raw+bf16", "chat+fp32": the label of a sanity variant, as the notebook writes it.
SanityVariant MakeVariant(Precision precision, bool use_chat_template);

}  // namespace headspec::experiment
