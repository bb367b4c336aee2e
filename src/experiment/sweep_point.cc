#include "experiment/sweep_point.h"

#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "experiment/statistics.h"
#include "metrics/bootstrap.h"
#include "metrics/variance_shares.h"

namespace headspec::experiment {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

using Resamples = std::vector<metrics::Resample>;

// NaN if one of them is, or if there are none.
double MeanOf(const Table& table) {
  double sum = 0;
  std::size_t count = 0;
  for (const auto& row : table) {
    for (const double value : row) sum += value;
    count += row.size();
  }
  return count == 0 ? kUndefined : sum / static_cast<double>(count);
}

// A prompt defines a metric in every head or in none. Otherwise the heads' means are over different prompts,
// and no resampling of whole prompts speaks of their mean.
bool IsOfWholePrompts(const std::vector<Table>& prompts) {
  for (const Table& table : prompts) {
    const bool first = std::isnan(table.front().front());
    for (const auto& row : table) {
      for (const double value : row) {
        if (std::isnan(value) != first) return false;
      }
    }
  }
  return true;
}

std::optional<Interval> IntervalOf(const metrics::Maybe<metrics::Bootstrap>& bootstrap) {
  if (!bootstrap) return std::nullopt;
  const metrics::Interval& interval = bootstrap->at_95.bca.value_or(bootstrap->at_95.percentile);
  return Interval{interval.low, interval.high};
}

SweepValue MeanValue(const Table& mean, const std::vector<Table>& prompts, const Resamples& resamples) {
  SweepValue value{.value = MeanOf(mean)};
  if (std::isnan(value.value) || prompts.size() != resamples.front().size() || !IsOfWholePrompts(prompts))
    return value;
  std::vector<double> means;
  for (const Table& table : prompts) means.push_back(MeanOf(table));
  value.interval_95 = IntervalOf(metrics::BootstrapMean(means, resamples));
  return value;
}

std::optional<double> DepthShare(const Table& table) {
  const auto shares = metrics::ComputeVarianceShares(table);
  return shares ? std::optional(shares->depth_share) : std::nullopt;
}

SweepValue DepthShareOf(const ModelResult& model, const Resamples& resamples) {
  const auto& shares = model.statistics.index.shares.value;
  if (!shares) return {.value = kUndefined};
  return {
      .value = shares->depth_share,
      .interval_95 = IntervalOf(metrics::BootstrapPrompts(model.prompt_entropies, DepthShare, resamples))};
}

SweepValue IndexOf(const ModelResult& model) {
  const auto& bootstrap = model.statistics.index.bootstrap.value;
  return {.value = model.si_mean,
          .interval_95 = bootstrap ? std::optional(bootstrap->at_95()) : std::nullopt};
}

std::string_view WithoutTorch(std::string_view dtype) {
  constexpr std::string_view kTorch = "torch.";
  return dtype.starts_with(kTorch) ? dtype.substr(kTorch.size()) : dtype;
}

}  // namespace

SweepPoint PointOf(const ModelResult& model) {
  const IndexStatistics& statistics = model.statistics.index;
  const std::size_t prompts = model.prompt_entropies.size();
  const Resamples resamples = ResamplesOf(prompts, statistics.seed);
  SweepPoint point;
  point.model = model.model;
  point.commit = model.provenance.revision;
  point.parameters = model.provenance.parameters;
  point.layers = model.num_layers;
  point.heads = model.num_heads;
  point.kv_heads = model.num_kv_heads;
  point.dtype = WithoutTorch(model.numerics.dtype);
  point.prompts = static_cast<int>(prompts);
  point.si = IndexOf(model);
  point.depth_share = DepthShareOf(model, resamples);
  if (const auto& null = statistics.null.value) {
    point.null_95 = null->middle_95;
    point.null_p = null->p;
  }
  point.entropy = MeanValue(model.head_entropies, model.prompt_entropies, resamples);
  for (const HeadMetric& metric : model.head_metrics)
    point.metrics.emplace_back(metric.name, MeanValue(metric.mean, metric.per_prompt, resamples));
  point.non_finite = model.numerics.non_finite.count;
  point.seconds = model.timing.forward_seconds;
  point.warnings = model.warnings;
  return point;
}

}  // namespace headspec::experiment
