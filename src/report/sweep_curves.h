// The figures of a sweep: index and depth share over training steps, one panel for each model size, and every
// head metric. Without steps they are over size, or, where sizes do not differ either, one line for each
// model. gnuplot draws them from a script and a data file that stay beside the pictures.
#pragma once

#include <string>
#include <vector>

#include "headspec/sweep.h"
#include "report/pictures.h"

namespace headspec::report {

struct SweepFigures {
  std::vector<Pictures>
      pictures;  // "curves", and "curves_metrics" where there is something over steps or size
  std::vector<std::string> notes;  // what they leave out, and why
};

inline constexpr const char* kCurvesStem = "curves";
inline constexpr const char* kCurvesMetricsStem = "curves_metrics";

SweepFigures DescribeCurves(const SweepResult& result);

}  // namespace headspec::report
