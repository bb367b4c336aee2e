// Words that all statistics share: mean, spread and quantiles of a sample, and an interval.
#pragma once

#include <span>

namespace headspec::metrics {

struct Interval {
  double low = 0;
  double high = 0;
};

double Mean(std::span<const double> values);                // at least one value
double PopulationVariance(std::span<const double> values);  // divided by n; at least one value
double SampleDeviation(std::span<const double> values);     // divided by n - 1; 0 for a single value

// Linear between order statistics, as numpy.quantile does by default (Hyndman and Fan 1996, type 7).
// `sorted` ascends and is not empty; `fraction` is in 0..1.
double Quantile(std::span<const double> sorted, double fraction);

// The middle `level` of a sorted sample: 0.95 gives its 2.5 % and 97.5 % quantiles.
Interval MiddleOf(std::span<const double> sorted, double level);

}  // namespace headspec::metrics
