// What a result says, in few plain sentences for the top of the page: the verdict and what it rests on, or
// the index of what was measured. What statistics support is in the results in words already.
#pragma once

#include <string>
#include <vector>

#include "headspec/comparison.h"
#include "headspec/result.h"

namespace headspec::report {

std::vector<std::string> Summary(const RunResult& run);
std::vector<std::string> Summary(const Comparison& comparison);

}  // namespace headspec::report
