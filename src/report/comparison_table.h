// What the console shows of a pair: the E11 fields side by side, what statistics say of the differences, and
// the verdict. Whole lines, the last one ended too.
#pragma once

#include <string>

#include "headspec/comparison.h"

namespace headspec::report {

std::string ComparisonTable(const Comparison& comparison);

}  // namespace headspec::report
