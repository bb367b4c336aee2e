// What an interrupted ladder leaves behind, and how to go on.
#pragma once

#include <cstddef>
#include <vector>

#include "core/error.h"
#include "headspec/result.h"

namespace headspec::experiment {

// `done`: the models that were over by then, of `total`. With `fresh` a repetition would use none of them.
Error Interruption(const std::vector<ModelResult>& done, std::size_t total, bool fresh);

}  // namespace headspec::experiment
