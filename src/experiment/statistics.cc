#include "experiment/statistics.h"

#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/model_size.h"
#include "experiment/run_readings.h"
#include "metrics/bootstrap.h"
#include "metrics/equivalence.h"
#include "metrics/index.h"
#include "metrics/permutation_null.h"
#include "metrics/random.h"
#include "metrics/reading.h"
#include "metrics/trend.h"
#include "metrics/variance_shares.h"

namespace headspec::experiment {
namespace {

constexpr std::int64_t kSeed = 42;
constexpr int kResamples = 2000;

Interval Public(const metrics::Interval& interval) { return {interval.low, interval.high}; }

std::optional<Interval> Public(const std::optional<metrics::Interval>& interval) {
  return interval ? std::optional(Public(*interval)) : std::nullopt;
}

// A metric's result in its public form, or its reason.
template <class From, class To>
auto Convert(const metrics::Maybe<From>& from, const To& convert) -> OrReason<decltype(convert(*from))> {
  if (!from) return {std::nullopt, from.reason()};
  return {convert(*from), ""};
}

NullStatistics NullOf(const metrics::PermutationNull& null) {
  return {.shuffles = static_cast<int>(null.sorted.size()),
          .mean = null.mean,
          .deviation = null.deviation,
          .z = null.z,
          .p = null.p,
          .least_p = null.least_p,
          .median = null.median,
          .middle_95 = Public(null.band)};
}

VarianceStatistics SharesOf(const metrics::VarianceShares& shares) {
  return {.between = shares.between,
          .within = shares.within,
          .total = shares.total,
          .depth_share = shares.depth_share,
          .icc = shares.icc};
}

BootstrapStatistics BootstrapOf(const metrics::Bootstrap& bootstrap) {
  return {.resamples = static_cast<int>(bootstrap.sorted.size()) + bootstrap.undefined,
          .undefined = bootstrap.undefined,
          .standard_error = bootstrap.standard_error,
          .bias = bootstrap.bias,
          .percentile_95 = Public(bootstrap.at_95.percentile),
          .percentile_90 = Public(bootstrap.at_90.percentile),
          .bca_95 = Public(bootstrap.at_95.bca),
          .bca_90 = Public(bootstrap.at_90.bca),
          .why_no_bca = bootstrap.why_no_bca,
          .without = bootstrap.without,
          .influence = bootstrap.influence};
}

LineStatistics LineOf(const metrics::LineFit& fit) {
  return {.n = fit.n,
          .slope = fit.slope,
          .intercept = fit.intercept,
          .r_squared = fit.r_squared,
          .slope_error = fit.slope_error,
          .slope_95 = Public(fit.slope_95),
          .p = fit.p};
}

metrics::Maybe<metrics::Bootstrap> ResamplePrompts(const std::vector<Table>& prompts, std::int64_t seed,
                                                   Progress* progress) {
  if (prompts.empty()) return metrics::Maybe<metrics::Bootstrap>::None("no values of single prompts");
  return metrics::BootstrapPrompts(prompts, metrics::FastIndex, ResamplesOf(prompts.size(), seed), progress);
}

std::optional<double> SizeOf(const ModelResult& model) {
  try {
    return ParseModelSize(model.size);
  } catch (const Error&) {
    return std::nullopt;  // the figure leaves it out, and says so
  }
}

struct Points {
  std::vector<double> sizes;
  std::vector<double> indices;
  int measured = 0;
};

Points PointsOf(const std::vector<ModelResult>& models, const std::vector<Reference>& references) {
  Points points;
  for (const ModelResult& model : models) {
    const std::optional<double> size = model.error ? std::nullopt : SizeOf(model);
    if (!size || std::isnan(model.si_mean)) continue;
    points.sizes.push_back(*size);
    points.indices.push_back(model.si_mean);
    ++points.measured;
  }
  for (const Reference& reference : references) {
    points.sizes.push_back(reference.size_b);
    points.indices.push_back(reference.si);
  }
  return points;
}

}  // namespace

std::int64_t StatisticsSeed(const Protocol& protocol) {
  return protocol.seeds.empty() ? kSeed : protocol.seeds.front();
}

std::vector<metrics::Resample> ResamplesOf(std::size_t prompts, std::int64_t seed) {
  metrics::Random random(static_cast<std::uint64_t>(seed), "bootstrap");
  return metrics::DrawResamples(static_cast<int>(prompts), kResamples, random);
}

IndexStatistics ComputeIndexStatistics(const Table& mean, const std::vector<Table>& prompts,
                                       std::int64_t seed, Progress* progress) {
  const auto bits = static_cast<std::uint64_t>(seed);
  const auto null = metrics::ComputePermutationNull(mean, {.seed = bits, .progress = progress});
  IndexStatistics statistics;
  statistics.seed = seed;
  statistics.null = Convert(null, NullOf);
  statistics.shares = Convert(metrics::ComputeVarianceShares(mean), SharesOf);
  statistics.bootstrap = Convert(ResamplePrompts(prompts, seed, progress), BootstrapOf);
  statistics.readings.null = metrics::ReadNull(null);
  CompareWithTarget(std::nan(""), nullptr, statistics);
  return statistics;
}

void CompareWithTarget(double si, const Hypothesis* hypothesis, IndexStatistics& statistics) {
  statistics.equivalence = {};
  statistics.readings.equivalence.clear();
  statistics.readings.point_rule.clear();
  if (hypothesis == nullptr) {
    statistics.equivalence.reason = "no target: there is no hypothesis";
    return;
  }
  if (!statistics.bootstrap.value) {
    statistics.equivalence.reason = "no interval: " + statistics.bootstrap.reason;
    statistics.readings.equivalence = "no equivalence test: " + statistics.bootstrap.reason;
    statistics.readings.point_rule = "the point rule stands alone: " + statistics.bootstrap.reason;
    return;
  }
  const Interval& interval = statistics.bootstrap.value->at_90();
  const metrics::Interval at_90{interval.low, interval.high};
  const double target = hypothesis->target_si;
  const double tolerance = hypothesis->tolerance;
  statistics.equivalence = Convert(metrics::TestEquivalence(at_90, target, tolerance),
                                   [&](metrics::Equivalence outcome) -> EquivalenceStatistics {
                                     return {target, tolerance, interval, metrics::NameOf(outcome)};
                                   });
  statistics.readings.equivalence = metrics::ReadEquivalence(at_90, target, tolerance);
  statistics.readings.point_rule = metrics::ReadPointRule(si, at_90, target, tolerance);
}

void Interpret(RunResult& run) {
  const Hypothesis* hypothesis = run.plan.hypothesis ? &*run.plan.hypothesis : nullptr;
  for (ModelResult& model : run.models) {
    if (!model.error) CompareWithTarget(model.si_mean, hypothesis, model.statistics.index);
  }
  const Points points = PointsOf(run.models, run.plan.references);
  const metrics::Trend trend = metrics::ComputeTrend(points.sizes, points.indices);
  run.trend = {.measured = points.measured,
               .references = static_cast<int>(run.plan.references.size()),
               .on_size = Convert(trend.on_size, LineOf),
               .on_log_size = Convert(trend.on_log_size, LineOf)};
  run.readings = ReadRun(run, metrics::ReadTrend(trend));
}

}  // namespace headspec::experiment
