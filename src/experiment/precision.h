// The precisions of the public plan in the words of the engine, and back from the command line.
#pragma once

#include <string_view>

#include "core/dtype.h"
#include "headspec/plan.h"

namespace headspec::experiment {

DType TypeOf(Precision precision);
// "bfloat16", "float16" or "float32"; anything else throws Error(kInput) that names `where`.
Precision ParsePrecision(std::string_view name, std::string_view where);
// "raw+bf16", "chat+fp32": the label of a sanity variant, as the notebook writes it.
SanityVariant MakeVariant(Precision precision, bool use_chat_template);

}  // namespace headspec::experiment
