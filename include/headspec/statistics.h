// What stands beside an index, so that nobody reads more into it than it holds: the index of shuffled heads,
// shares of variance, resampled prompts, a test against a target, a trend over size; in numbers and in words.
// Definitions and sources: src/metrics. Letters: P prompts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace headspec {

// A statistic, or one line that says why there is none; its numbers are finite.
template <class T>
struct OrReason {
  std::optional<T> value = {};
  std::string reason = {};  // empty with a value

  bool operator==(const OrReason&) const = default;
};

struct Interval {
  double low = 0;
  double high = 0;

  bool operator==(const Interval&) const = default;
};

// The index of tables whose heads are shuffled within each layer.
struct NullStatistics {
  int shuffles = 0;
  double mean = 0;
  double deviation = 0;          // n - 1
  std::optional<double> z = {};  // of the index; empty if all shuffles give one value
  double p = 1;                  // two-sided
  double least_p = 1;            // the smallest that so many shuffles can give
  double median = 0;
  Interval middle_95 = {};

  bool operator==(const NullStatistics&) const = default;
};

// Population variances: total = between layers + within layers.
struct VarianceStatistics {
  double between = 0;
  double within = 0;
  double total = 0;
  double depth_share = 0;          // 1 - between / total: the twin of SI that sees no head's index
  std::optional<double> icc = {};  // ICC(1,1), layers as targets and heads as raters; empty for one head

  bool operator==(const VarianceStatistics&) const = default;
};

// The index under resampling of prompts.
struct BootstrapStatistics {
  int resamples = 0;
  int undefined = 0;  // of the resamples: without an index, left out
  double standard_error = 0;
  double bias = 0;
  Interval percentile_95 = {};
  Interval percentile_90 = {};
  std::optional<Interval> bca_95 = {};
  std::optional<Interval> bca_90 = {};
  std::string why_no_bca = {};         // empty with one
  std::vector<double> without = {};    // [P] the index without each prompt; empty if one of them is undefined
  std::vector<double> influence = {};  // [P] the pull of each prompt on the index; empty with `without`

  // The better one that there is.
  const Interval& at_95() const { return bca_95 ? *bca_95 : percentile_95; }
  const Interval& at_90() const { return bca_90 ? *bca_90 : percentile_90; }
  bool operator==(const BootstrapStatistics&) const = default;
};

// The index against target +- tolerance, by two one-sided tests at 5 %.
struct EquivalenceStatistics {
  double target = 0;
  double tolerance = 0;
  Interval interval_90 = {};  // BootstrapStatistics::at_90
  std::string outcome = {};   // "equivalent", "different" or "undecided"

  bool operator==(const EquivalenceStatistics&) const = default;
};

// One line each; empty where there is nothing to read.
struct IndexReadings {
  std::string null = {};
  std::string equivalence = {};
  std::string point_rule = {};  // the notebook's rule beside what the interval supports

  bool operator==(const IndexReadings&) const = default;
};

struct IndexStatistics {
  std::int64_t seed = 42;  // of shuffles and resamples
  OrReason<NullStatistics> null = {};
  OrReason<VarianceStatistics> shares = {};
  OrReason<BootstrapStatistics> bootstrap = {};
  OrReason<EquivalenceStatistics> equivalence = {};
  IndexReadings readings = {};

  bool operator==(const IndexStatistics&) const = default;
};

// A straight line by least squares.
struct LineStatistics {
  int n = 0;
  double slope = 0;
  double intercept = 0;
  double r_squared = 0;
  std::optional<double> slope_error = {};  // these three are empty for two points
  std::optional<Interval> slope_95 = {};
  std::optional<double> p = {};  // of no slope; empty too if the line fits exactly

  bool operator==(const LineStatistics&) const = default;
};

// The index over size, of the models measured and the references together, as the figure shows them.
struct TrendStatistics {
  int measured = 0;
  int references = 0;
  OrReason<LineStatistics> on_size = {};      // for each billion parameters
  OrReason<LineStatistics> on_log_size = {};  // for each doubling of size

  bool operator==(const TrendStatistics&) const = default;
};

}  // namespace headspec
