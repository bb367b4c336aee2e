#include "metrics/summary.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace headspec::metrics {
namespace {

double SumOfSquares(std::span<const double> values) {
  const double mean = Mean(values);
  double sum = 0;
  for (const double value : values) sum += (value - mean) * (value - mean);
  return sum;
}

}  // namespace

double Mean(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double PopulationVariance(std::span<const double> values) {
  return SumOfSquares(values) / static_cast<double>(values.size());
}

double SampleDeviation(std::span<const double> values) {
  if (values.size() < 2) return 0;
  return std::sqrt(SumOfSquares(values) / static_cast<double>(values.size() - 1));
}

double Quantile(std::span<const double> sorted, double fraction) {
  const double position = fraction * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (position - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

Interval MiddleOf(std::span<const double> sorted, double level) {
  const double tail = (1 - level) / 2;
  return {Quantile(sorted, tail), Quantile(sorted, 1 - tail)};
}

}  // namespace headspec::metrics
