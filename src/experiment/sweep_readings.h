// What the curves of a sweep support, in words and by rule.
#pragma once

#include <string>
#include <vector>

#include "headspec/sweep.h"

namespace headspec::experiment {

// One line each. `sweep` has its rows and curves.
//   of a curve over steps: its ends with their intervals, the largest change between neighbours, and the
//   slope
//     over log step as a description: checkpoints of one run depend on one another, so it has no interval
//   of models without steps: the range, the trend over size where sizes differ, the scatter among models of
//   one
//     size
//   of all points: in how many SI stands out from shuffled heads
std::vector<std::string> ReadSweep(const SweepResult& sweep);

}  // namespace headspec::experiment
