#include "metrics/trend.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "metrics/distributions.h"

namespace headspec::metrics {
namespace {

bool AllFinite(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); });
}

void AddInterval(LineFit& fit, double residual_squares, double xx) {
  const double freedom = fit.n - 2;
  const double error = std::sqrt(residual_squares / freedom / xx);
  const double reach = StudentTQuantile(0.975, freedom) * error;
  fit.slope_error = error;
  fit.slope_95 = Interval{fit.slope - reach, fit.slope + reach};
  if (error > 0) fit.p = StudentTTwoSided(fit.slope / error, freedom);
}

}  // namespace

Maybe<LineFit> FitLine(std::span<const double> x, std::span<const double> y) {
  if (x.size() != y.size()) return Maybe<LineFit>::None("as many sizes as values are needed");
  if (x.size() < 2) return Maybe<LineFit>::None("a line needs two models");
  if (!AllFinite(x) || !AllFinite(y)) return Maybe<LineFit>::None("a size or a value is not a number");
  const double mean_x = Mean(x), mean_y = Mean(y);
  double xx = 0, xy = 0, yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - mean_x) * (x[i] - mean_x);
    xy += (x[i] - mean_x) * (y[i] - mean_y);
    yy += (y[i] - mean_y) * (y[i] - mean_y);
  }
  if (!(xx > 0)) return Maybe<LineFit>::None("all models have one size");
  LineFit fit;
  fit.n = static_cast<int>(x.size());
  fit.slope = xy / xx;
  fit.intercept = mean_y - fit.slope * mean_x;
  fit.r_squared = yy > 0 ? xy * xy / (xx * yy) : 0;
  double residual_squares = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double residual = y[i] - mean_y - fit.slope * (x[i] - mean_x);
    residual_squares += residual * residual;
  }
  if (fit.n > 2) AddInterval(fit, residual_squares, xx);
  return fit;
}

Trend ComputeTrend(std::span<const double> sizes, std::span<const double> indices) {
  const bool positive = std::all_of(sizes.begin(), sizes.end(), [](double size) { return size > 0; });
  std::vector<double> doublings;
  for (const double size : sizes) doublings.push_back(std::log2(size));
  return {FitLine(sizes, indices),
          positive ? FitLine(doublings, indices) : Maybe<LineFit>::None("a size is not positive")};
}

}  // namespace headspec::metrics
