#include "report/ladder_points.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/model_size.h"
#include "report/text.h"

namespace headspec::report {
namespace {

LadderPoint PointOf(const ModelResult& model) {
  LadderPoint point{.name = OneLine(model.display), .si = model.si_mean};
  if (model.error) {
    point.si = std::numeric_limits<double>::quiet_NaN();
    point.why_no_si = "it failed";
    return point;
  }
  try {
    point.size_b = ParseModelSize(model.size);
  } catch (const Error&) {
    point.why_no_size = fmt::format("size \"{}\" is not a number", OneLine(model.size));
  }
  if (!std::isfinite(point.si)) point.why_no_si = "its index is not finite";
  const IndexStatistics& statistics = model.statistics.index;
  if (statistics.bootstrap.value) point.interval = statistics.bootstrap.value->at_95();
  if (statistics.null.value) point.null = statistics.null.value->middle_95;
  return point;
}

}  // namespace

std::vector<LadderPoint> LadderPoints(const RunResult& run) {
  std::vector<LadderPoint> points;
  for (const ModelResult& model : run.models) points.push_back(PointOf(model));
  for (const Reference& reference : run.plan.references) {
    points.push_back({.name = OneLine(reference.name),
                      .si = reference.si,
                      .size_b = reference.size_b,
                      .is_reference = true,
                      .why_no_si = std::isfinite(reference.si) ? "" : "its index is not finite"});
  }
  return points;
}

void SortBySize(std::vector<LadderPoint>& points) {
  const double kLast = std::numeric_limits<double>::infinity();
  std::stable_sort(points.begin(), points.end(), [kLast](const LadderPoint& a, const LadderPoint& b) {
    return a.size_b.value_or(kLast) < b.size_b.value_or(kLast);
  });
}

}  // namespace headspec::report
