#include "metrics/bootstrap.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>

#include "metrics/distributions.h"
#include "metrics/index.h"

namespace headspec::metrics {
namespace {

// With more prompts than these each is taken off the sum over all instead of adding up all others: for n
// prompts n steps instead of n * n, and other last digits.
constexpr std::size_t kMostAddedUp = 100;
constexpr double kNoPull = 1e-12;  // what rounding alone can do to the statistic

using OfResample = std::function<std::optional<double>(const Resample&)>;
using OfAllBut = std::function<std::optional<double>(std::size_t prompt)>;

// The statistic of the mean over prompts, each counted as often as it was drawn.
class OfMeanTable {
 public:
  OfMeanTable(const std::vector<Table>& tables, const Statistic& statistic)
      : tables_(tables), statistic_(statistic), mean_(tables.front()) {}

  std::optional<double> operator()(const Resample& counts) {
    const double drawn = std::accumulate(counts.begin(), counts.end(), 0.0);
    for (auto& row : mean_) std::fill(row.begin(), row.end(), 0.0);
    for (std::size_t prompt = 0; prompt < tables_.size(); ++prompt) {
      if (counts[prompt] > 0) Add(tables_[prompt], counts[prompt]);
    }
    for (auto& row : mean_) {
      for (double& value : row) value /= drawn;
    }
    return statistic_(mean_);
  }

  std::optional<double> AllBut(std::size_t prompt) {
    if (sum_.empty()) {
      for (auto& row : mean_) std::fill(row.begin(), row.end(), 0.0);
      for (const Table& table : tables_) Add(table, 1);
      sum_ = mean_;
    }
    const double others = static_cast<double>(tables_.size() - 1);
    for (std::size_t layer = 0; layer < mean_.size(); ++layer) {
      for (std::size_t head = 0; head < mean_[layer].size(); ++head)
        mean_[layer][head] = (sum_[layer][head] - tables_[prompt][layer][head]) / others;
    }
    return statistic_(mean_);
  }

 private:
  void Add(const Table& table, double count) {
    for (std::size_t layer = 0; layer < mean_.size(); ++layer) {
      for (std::size_t head = 0; head < mean_[layer].size(); ++head)
        mean_[layer][head] += count * table[layer][head];
    }
  }

  const std::vector<Table>& tables_;
  const Statistic& statistic_;
  Table mean_;
  Table sum_ = {};  // over all prompts
};

std::vector<double> LeaveEachOut(std::size_t prompts, const OfResample& value_of, const OfAllBut& all_but) {
  std::vector<double> without;
  Resample others(prompts, 1);
  for (std::size_t prompt = 0; prompt < prompts; ++prompt) {
    others[prompt] = 0;
    const auto value = all_but && prompts > kMostAddedUp ? all_but(prompt) : value_of(others);
    others[prompt] = 1;
    if (!value) return {};
    without.push_back(*value);
  }
  return without;
}

// Bias correction and acceleration.
struct Correction {
  double z0 = 0;
  double acceleration = 0;
};

Maybe<Correction> ComputeCorrection(const Bootstrap& bootstrap) {
  if (bootstrap.without.empty()) return Maybe<Correction>::None("undefined without one of the prompts");
  double squares = 0, cubes = 0;
  for (const double pull : bootstrap.influence) {
    squares += pull * pull;
    cubes += pull * pull * pull;
  }
  if (!(squares > kNoPull * kNoPull)) return Maybe<Correction>::None("no prompt changes the value");
  double below = 0;  // ties count half
  for (const double value : bootstrap.sorted)
    below += (value < bootstrap.estimate ? 0.5 : 0.0) + (value <= bootstrap.estimate ? 0.5 : 0.0);
  const double share = below / static_cast<double>(bootstrap.sorted.size());
  if (share <= 0 || share >= 1) return Maybe<Correction>::None("the value lies outside of all resamples");
  return Correction{NormalQuantile(share), cubes / (6 * squares * std::sqrt(squares))};
}

Interval CorrectedInterval(const std::vector<double>& sorted, const Correction& correction, double level) {
  const auto corrected = [&](double z) {
    const double shifted = correction.z0 + z;
    const double remaining = 1 - correction.acceleration * shifted;
    if (!(remaining > 0)) return shifted > 0 ? 1.0 : 0.0;  // the correction runs off the end of the sample
    return NormalCdf(correction.z0 + shifted / remaining);
  };
  const double z = NormalQuantile((1 - level) / 2);
  return {Quantile(sorted, corrected(z)), Quantile(sorted, corrected(-z))};
}

Maybe<Bootstrap> Compute(std::size_t prompts, const OfResample& value_of,
                         const std::vector<Resample>& resamples, Progress* progress,
                         const OfAllBut& all_but = {}) {
  const auto estimate = value_of(Resample(prompts, 1));
  if (!estimate) return Maybe<Bootstrap>::None("undefined on the mean over all prompts");
  Bootstrap result;
  result.estimate = *estimate;
  Steps steps(progress, "resamples", static_cast<std::int64_t>(resamples.size()));
  for (const Resample& resample : resamples) {
    steps.Next();
    if (const auto value = value_of(resample)) result.sorted.push_back(*value);
  }
  result.undefined = static_cast<int>(resamples.size() - result.sorted.size());
  if (result.sorted.size() < 2) return Maybe<Bootstrap>::None("fewer than two resamples define it");
  std::sort(result.sorted.begin(), result.sorted.end());
  result.standard_error = SampleDeviation(result.sorted);
  result.bias = Mean(result.sorted) - result.estimate;
  result.without = LeaveEachOut(prompts, value_of, all_but);
  const double mean = Mean(result.without);
  for (const double value : result.without)
    result.influence.push_back(static_cast<double>(prompts - 1) * (mean - value));
  result.at_95.percentile = MiddleOf(result.sorted, 0.95);
  result.at_90.percentile = MiddleOf(result.sorted, 0.90);
  const Maybe<Correction> correction = ComputeCorrection(result);
  result.why_no_bca = correction.reason();
  if (correction) {
    result.at_95.bca = CorrectedInterval(result.sorted, *correction, 0.95);
    result.at_90.bca = CorrectedInterval(result.sorted, *correction, 0.90);
  }
  return result;
}

bool HasShapeOf(const Table& table, const Table& other) {
  return std::equal(table.begin(), table.end(), other.begin(), other.end(),
                    [](const auto& a, const auto& b) { return a.size() == b.size(); });
}

std::string WhyNone(const std::vector<Table>& tables) {
  if (tables.empty() || tables.front().empty()) return "no values";
  if (tables.size() == 1) return "one prompt: nothing to resample";
  for (std::size_t prompt = 0; prompt < tables.size(); ++prompt) {
    if (!HasShapeOf(tables[prompt], tables.front()))
      return fmt::format("prompt {} has another shape", prompt);
    if (std::string where = WhereNotFinite(tables[prompt]); !where.empty())
      return fmt::format("prompt {}, {}", prompt, where);
  }
  return "";
}

}  // namespace

std::vector<Resample> DrawResamples(int prompts, int count, Random& random) {
  std::vector<Resample> resamples(static_cast<std::size_t>(count),
                                  Resample(static_cast<std::size_t>(prompts)));
  for (Resample& resample : resamples) {
    for (int draw = 0; draw < prompts; ++draw) ++resample[random.Below(static_cast<std::uint32_t>(prompts))];
  }
  return resamples;
}

Maybe<Bootstrap> BootstrapPrompts(const std::vector<Table>& tables, const Statistic& statistic,
                                  const std::vector<Resample>& resamples, Progress* progress) {
  if (std::string reason = WhyNone(tables); !reason.empty()) return Maybe<Bootstrap>::None(reason);
  OfMeanTable of_mean(tables, statistic);
  return Compute(tables.size(), std::ref(of_mean), resamples, progress,
                 [&](std::size_t prompt) { return of_mean.AllBut(prompt); });
}

Maybe<Bootstrap> BootstrapMean(std::span<const double> values, const std::vector<Resample>& resamples) {
  const auto defined =
      std::count_if(values.begin(), values.end(), [](double value) { return std::isfinite(value); });
  if (defined < 2) return Maybe<Bootstrap>::None("fewer than two prompts define it");
  const OfResample mean = [&](const Resample& counts) -> std::optional<double> {
    double sum = 0, drawn = 0;
    for (std::size_t prompt = 0; prompt < values.size(); ++prompt) {
      if (counts[prompt] == 0 || !std::isfinite(values[prompt])) continue;
      sum += counts[prompt] * values[prompt];
      drawn += counts[prompt];
    }
    return drawn > 0 ? std::optional(sum / drawn) : std::nullopt;
  };
  return Compute(values.size(), mean, resamples, nullptr);
}

Maybe<Bootstrap> BootstrapDifference(const std::vector<Table>& base, const std::vector<Table>& tuned,
                                     const Statistic& statistic, const std::vector<Resample>& resamples,
                                     Progress* progress) {
  if (std::string reason = WhyNone(base); !reason.empty()) return Maybe<Bootstrap>::None("base: " + reason);
  if (std::string reason = WhyNone(tuned); !reason.empty()) return Maybe<Bootstrap>::None("tuned: " + reason);
  if (base.size() != tuned.size())
    return Maybe<Bootstrap>::None(fmt::format("{} prompts and {}: not pairs", base.size(), tuned.size()));
  OfMeanTable of_base(base, statistic), of_tuned(tuned, statistic);
  const OfResample difference = [&](const Resample& counts) -> std::optional<double> {
    const auto before = of_base(counts);
    const auto after = of_tuned(counts);
    if (!before || !after) return std::nullopt;
    return *after - *before;
  };
  const OfAllBut all_but = [&](std::size_t prompt) -> std::optional<double> {
    const auto before = of_base.AllBut(prompt);
    const auto after = of_tuned.AllBut(prompt);
    if (!before || !after) return std::nullopt;
    return *after - *before;
  };
  return Compute(base.size(), difference, resamples, progress, all_but);
}

}  // namespace headspec::metrics
