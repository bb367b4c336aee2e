// point.json of a cell that was measured.
#pragma once

#include <string>

#include "headspec/result.h"
#include "headspec/sweep.h"

namespace headspec::sweep {

std::string PointText(const SweepCell& cell, const ModelResult& model);

}  // namespace headspec::sweep
