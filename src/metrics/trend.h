// The index against model size: a straight line by least squares, with what few points can say about its
// slope. Formulas as in scipy.stats.linregress; the interval is Student's t with n - 2 degrees of freedom and
// holds for independent models on a straight line with even scatter, which n points of this kind cannot
// check.
#pragma once

#include <optional>
#include <span>

#include "metrics/maybe.h"
#include "metrics/summary.h"

namespace headspec::metrics {

struct LineFit {
  int n = 0;
  double slope = 0;
  double intercept = 0;
  double r_squared = 0;  // 0 if y does not vary
  // Empty for n = 2, where a line always fits and no interval exists.
  std::optional<double> slope_error;  // standard error
  std::optional<Interval> slope_95;
  std::optional<double> p;  // two-sided, of slope 0; empty too if the line fits exactly
};

// `x` and `y` have one length. None below two points, if all x are equal, or if a number is not finite.
Maybe<LineFit> FitLine(std::span<const double> x, std::span<const double> y);

struct Trend {
  Maybe<LineFit> on_size;      // SI for each billion parameters
  Maybe<LineFit> on_log_size;  // SI for each doubling: x is log2 of the size
};

// `sizes` in billions of parameters; `indices` the SI of each model. Failed models are left out by the
// caller.
Trend ComputeTrend(std::span<const double> sizes, std::span<const double> indices);

}  // namespace headspec::metrics
