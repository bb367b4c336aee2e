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
  std::optional<T> value = {};  // the statistic
  std::string reason = {};      // empty with a value

  bool operator==(const OrReason&) const = default;
};

// A closed interval.
struct Interval {
  double low = 0;   // lower end
  double high = 0;  // upper end

  bool operator==(const Interval&) const = default;
};

// The index of tables whose heads are shuffled within each layer.
struct NullStatistics {
  int shuffles = 0;              // how many
  double mean = 0;               // of the shuffled indices
  double deviation = 0;          // n - 1
  std::optional<double> z = {};  // of the index; empty if all shuffles give one value
  double p = 1;                  // two-sided
  double least_p = 1;            // the smallest that so many shuffles can give
  double median = 0;             // of the shuffled indices
  Interval middle_95 = {};       // of the shuffled indices

  bool operator==(const NullStatistics&) const = default;
};

// Population variances: total = between layers + within layers.
struct VarianceStatistics {
  double between = 0;              // of the layer means, over layers
  double within = 0;               // over heads, mean over layers
  double total = 0;                // of all L * H values
  double depth_share = 0;          // 1 - between / total: the twin of SI that sees no head's index
  std::optional<double> icc = {};  // ICC(1,1), layers as targets and heads as raters; empty for one head

  bool operator==(const VarianceStatistics&) const = default;
};

// The index under resampling of prompts.
struct BootstrapStatistics {
  int resamples = 0;                    // how many were drawn
  int undefined = 0;                    // of the resamples: without an index, left out
  double standard_error = 0;            // deviation of the resampled indices, n - 1
  double bias = 0;                      // mean of the resampled indices - index
  Interval percentile_95 = {};          // percentile interval
  Interval percentile_90 = {};          // percentile interval
  std::optional<Interval> bca_95 = {};  // bias-corrected and accelerated (Efron 1987)
  std::optional<Interval> bca_90 = {};  // bias-corrected and accelerated
  std::string why_no_bca = {};          // empty with one
  std::vector<double> without = {};    // [P] the index without each prompt; empty if one of them is undefined
  std::vector<double> influence = {};  // [P] the pull of each prompt on the index; empty with `without`

  // 95 %: BCa where there is one, else percentile.
  const Interval& at_95() const { return bca_95 ? *bca_95 : percentile_95; }
  // 90 %, likewise.
  const Interval& at_90() const { return bca_90 ? *bca_90 : percentile_90; }
  bool operator==(const BootstrapStatistics&) const = default;
};

// The index against target +- tolerance, by two one-sided tests at 5 %.
struct EquivalenceStatistics {
  double target = 0;          // an index
  double tolerance = 0;       // half the width of what counts as the same
  Interval interval_90 = {};  // BootstrapStatistics::at_90
  std::string outcome = {};   // "equivalent", "different" or "undecided"

  bool operator==(const EquivalenceStatistics&) const = default;
};

// One line each; empty where there is nothing to read.
struct IndexReadings {
  std::string null = {};         // against shuffled heads
  std::string equivalence = {};  // against the target
  std::string point_rule = {};   // the notebook's rule beside what the interval supports

  bool operator==(const IndexReadings&) const = default;
};

// Everything that stands beside one index.
struct IndexStatistics {
  std::int64_t seed = 42;                            // of shuffles and resamples
  OrReason<NullStatistics> null = {};                // heads shuffled within layers
  OrReason<VarianceStatistics> shares = {};          // variance between and within layers
  OrReason<BootstrapStatistics> bootstrap = {};      // over prompts; two of them at least
  OrReason<EquivalenceStatistics> equivalence = {};  // against the hypothesis's target
  IndexReadings readings = {};                       // in words

  bool operator==(const IndexStatistics&) const = default;
};

// A straight line by least squares.
struct LineStatistics {
  int n = 0;                               // points
  double slope = 0;                        // index for each unit of size
  double intercept = 0;                    // index at size 0
  double r_squared = 0;                    // share of the variance on the line
  std::optional<double> slope_error = {};  // these three are empty for two points
  std::optional<Interval> slope_95 = {};   // Student's t, n - 2
  std::optional<double> p = {};            // of no slope; empty too if the line fits exactly

  bool operator==(const LineStatistics&) const = default;
};

// The index over size, of the models measured and the references together, as the figure shows them.
struct TrendStatistics {
  int measured = 0;                           // models on the line
  int references = 0;                         // published values on the line
  OrReason<LineStatistics> on_size = {};      // for each billion parameters
  OrReason<LineStatistics> on_log_size = {};  // for each doubling of size

  bool operator==(const TrendStatistics&) const = default;
};

}  // namespace headspec
