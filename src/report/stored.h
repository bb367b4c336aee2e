// Any results.json that this program writes, read back.
#pragma once

#include <string_view>
#include <variant>

#include "headspec/comparison.h"
#include "headspec/result.h"

namespace headspec::report {

// Of `run` and `measure`, or of `compare`.
using Stored = std::variant<RunResult, Comparison>;

// `file` names it in errors. Throws Error(kInput) on anything that none of the commands writes.
Stored ReadStored(std::string_view text, std::string_view file);

}  // namespace headspec::report
