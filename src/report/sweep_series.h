// The curves of a sweep as its figures draw them: where their points lie, what tells one from another, and
// their numbers as text.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "headspec/sweep.h"

namespace headspec::report {

// Steps where a curve has several; else sizes where there are three or more; else each measurement by name.
enum class CurveAxis { kStep, kSize, kNames };
CurveAxis AxisOf(const SweepResult& result);

struct CurveSeries {
  const SweepCurve* curve = nullptr;
  std::string label;      // what tells it from the others of its size
  std::string size;       // "70.43M"
  std::size_t style = 0;  // the number of its label
  std::vector<std::pair<double, const SweepPoint*>> points = {};
};

// Of curves that have a place on the axis.
std::vector<CurveSeries> SeriesOf(const SweepResult& result, CurveAxis axis);

// For each curve the parts in which the sweep's curves differ. Models of sizes of their own are told apart by
// size.
std::vector<std::string> LabelsOf(const std::vector<SweepCurve>& curves);

// "pythia-70m" of "EleutherAI/pythia-70m"
std::string LastPart(const std::string& name);

// One block for each series: place, the null's ends, then value, low and high of each quantity ("si",
// "depth_share", "entropy" or a head metric).
std::string CurveData(const std::vector<CurveSeries>& all, const std::vector<std::string>& quantities,
                      CurveAxis axis);

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;

  void Add(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  void Add(const std::optional<Interval>& interval) {
    if (!interval) return;
    Add(interval->low);
    Add(interval->high);
  }
  bool IsEmpty() const { return low > high; }
};

// What is drawn of a quantity: its values, and their intervals (and SI's nulls) where those are.
Range RangeOf(const std::vector<CurveSeries>& all, const std::string& quantity, bool with_bands);
bool AnyNull(const std::vector<CurveSeries>& all);
bool AnyInterval(const std::vector<CurveSeries>& all);  // of SI

}  // namespace headspec::report
