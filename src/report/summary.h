// What a result says, in plain sentences for the top of the page: the verdict first, then what the statistics
// support. The words of statistics are those that were made with their numbers.
#pragma once

#include <string>
#include <vector>

#include "headspec/comparison.h"
#include "headspec/result.h"

namespace headspec::report {

std::vector<std::string> Summary(const RunResult& run);
std::vector<std::string> Summary(const Comparison& comparison);

}  // namespace headspec::report
