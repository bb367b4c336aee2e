// The ladder as figures draw it: one point for each model and reference.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "headspec/result.h"

namespace headspec::report {

struct LadderPoint {
  std::string name;  // one line
  double si = 0;
  std::optional<double> size_b;      // billions of parameters
  std::optional<Interval> interval;  // over prompts, 95 %
  std::optional<Interval> null;      // of shuffled heads, the middle 95 %
  bool is_reference = false;
  std::string why_no_si;    // empty with one
  std::string why_no_size;  // empty with one
};

// Models as they were measured, then references.
std::vector<LadderPoint> LadderPoints(const RunResult& run);

// Smallest first, those without a size last.
void SortBySize(std::vector<LadderPoint>& points);

}  // namespace headspec::report
