// Which rows of a sweep are points of one curve.
#pragma once

#include <vector>

#include "headspec/sweep.h"

namespace headspec::sweep {

// SweepResult::curves of these rows.
std::vector<SweepCurve> CurvesOf(const std::vector<SweepRow>& rows);

}  // namespace headspec::sweep
