// What the statistics of a whole ladder support, in words and by rule, and where the notebook's verdict says
// more than they do.
#pragma once

#include <string>
#include <vector>

#include "headspec/result.h"

namespace headspec::experiment {

// One line each. `run` has its models, their statistics, its verdict and its trend; `trend` is the trend in
// words.
std::vector<std::string> ReadRun(const RunResult& run, const std::string& trend);

}  // namespace headspec::experiment
