#include "experiment/pair_statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "metrics/bootstrap.h"
#include "metrics/index.h"
#include "metrics/pair.h"
#include "metrics/reading.h"

namespace headspec::experiment {
namespace {

using metrics::Maybe;
using metrics::PermutationNull;
using metrics::Statistic;

constexpr int kResamples = 2000;
constexpr int kShuffles = 1000;
constexpr std::uint64_t kSeed = 42;
constexpr double kLevel = 0.05;
constexpr const char* kWithinLayers = "heads shuffled within each layer";
constexpr const char* kWithinPrompts = "models exchanged within prompts";

Range RangeOf(const metrics::Interval& interval) { return {interval.low, interval.high}; }

ShuffleNull NullOf(const PermutationNull& null, const char* what) {
  return {what,
          static_cast<int>(null.sorted.size()),
          null.mean,
          null.deviation,
          null.z,
          null.p,
          RangeOf(null.band)};
}

std::optional<double> Correlation(const Table& values) {
  const auto index = metrics::FastIndex(values);
  if (!index) return std::nullopt;
  return 1 - *index;
}

// Seen from the correlation: the index is 1 - correlation.
ShuffleNull Turned(ShuffleNull null) {
  null.mean = -null.mean;
  if (null.z) null.z = -*null.z;
  null.band_95 = {-null.band_95.high, -null.band_95.low};
  return null;
}

Maybe<PermutationNull> Summary(double observed, std::vector<double> found) {
  if (found.empty()) return Maybe<PermutationNull>::None("no shuffle defines it");
  return metrics::SummarizeNull(observed, std::move(found));
}

// Any statistic's difference, the heads of both models shuffled within layers.
Maybe<PermutationNull> WithinLayers(const PairSide& base, const PairSide& tuned, const Statistic& of_base,
                                    const Statistic& of_tuned, Progress* progress) {
  const auto before = of_base(base.entropies), after = of_tuned(tuned.entropies);
  if (!before || !after) return Maybe<PermutationNull>::None("not defined for one of the models");
  metrics::Random base_random(kSeed, "within-layer shuffles, base");
  metrics::Random tuned_random(kSeed, "within-layer shuffles, tuned");
  Table base_values = base.entropies, tuned_values = tuned.entropies;
  std::vector<double> found;
  Steps steps(progress, "shuffles", kShuffles);
  for (int i = 0; i < kShuffles; ++i) {
    steps.Next();
    for (auto& layer : base_values) base_random.Shuffle(layer);
    for (auto& layer : tuned_values) tuned_random.Shuffle(layer);
    const auto first = of_base(base_values), second = of_tuned(tuned_values);
    if (first && second) found.push_back(*second - *first);
  }
  return Summary(*after - *before, std::move(found));
}

std::string WhyNoExchange(const PairSide& base, const PairSide& tuned) {
  if (base.prompt_entropies.empty() || tuned.prompt_entropies.empty())
    return "only the mean over prompts was stored";
  if (base.prompt_entropies.size() != tuned.prompt_entropies.size()) return "not the same prompts";
  if (base.layers != tuned.layers || base.heads != tuned.heads) return "the models differ in layers or heads";
  return base.prompt_entropies.size() == 1 ? "one prompt: nothing to exchange" : "";
}

// Each prompt's tables change sides by the toss of a coin; with few prompts, all ways are taken.
Maybe<PermutationNull> WithinPrompts(const PairSide& base, const PairSide& tuned, const Statistic& statistic,
                                     Progress* progress) {
  if (std::string why = WhyNoExchange(base, tuned); !why.empty()) return Maybe<PermutationNull>::None(why);
  const std::size_t prompts = base.prompt_entropies.size();
  const bool is_exact = prompts <= 10;
  metrics::Random random(kSeed, "models exchanged within prompts");
  const int count = is_exact ? 1 << prompts : kShuffles;
  std::vector<double> found;
  Steps steps(progress, "exchanges", count);
  for (int i = 0; i < count; ++i) {
    steps.Next();
    std::vector<Table> first = base.prompt_entropies, second = tuned.prompt_entropies;
    for (std::size_t p = 0; p < prompts; ++p) {
      if (is_exact ? (i >> p & 1) == 1 : random.Below(2) == 1) std::swap(first[p], second[p]);
    }
    const auto before = statistic(metrics::MeanTable(first)), after = statistic(metrics::MeanTable(second));
    if (before && after) found.push_back(*after - *before);
  }
  return Summary(*statistic(tuned.entropies) - *statistic(base.entropies), std::move(found));
}

std::string Compared(const PermutationNull& null) {
  return fmt::format("({:.2g} +- {:.2g}, p = {:.2g})", null.mean, null.deviation, null.p);
}

std::string ReadNullOf(const std::string& what, const Maybe<PermutationNull>& null, const char* shuffled,
                       const char* same, const char* other) {
  if (!null) return fmt::format("the {} difference has no null: {}", what, null.reason());
  const std::string observed = fmt::format("The {} difference {:.2g}", what, null->observed);
  if (null->least_p > kLevel)
    return fmt::format("{} has a null of only {} shuffles, too few to tell", observed, null->sorted.size());
  if (null->p > kLevel)
    return fmt::format("{} is what {} give {}: {}", observed, shuffled, Compared(*null), same);
  return fmt::format("{} is {} what {} give {}: {}", observed,
                     null->observed < null->mean ? "below" : "above", shuffled, Compared(*null), other);
}

// What the differences of a pair share.
class PairJudge {
 public:
  PairJudge(const PairSide& base, const PairSide& tuned, Progress* progress)
      : base_(base), tuned_(tuned), progress_(progress) {
    if (base.prompt_entropies.empty() || tuned.prompt_entropies.empty()) return;
    metrics::Random random(kSeed, "bootstrap over prompts");
    resamples_ = metrics::DrawResamples(static_cast<int>(base.prompt_entropies.size()), kResamples, random);
  }

  PairDelta Delta(const std::string& name, double value, const Statistic& statistic) const {
    PairDelta delta{.name = name, .value = value};
    const Maybe<metrics::Bootstrap> found = Resampled(statistic);
    if (!found) {
      delta.why_no_bootstrap = found.reason();
      delta.bootstrap_reading = "no interval over prompts: " + found.reason();
      return delta;
    }
    PromptBootstrap bootstrap{.resamples = static_cast<int>(found->sorted.size()),
                              .standard_error = found->standard_error,
                              .percentile_95 = RangeOf(found->at_95.percentile)};
    if (found->at_95.bca) bootstrap.bca_95 = RangeOf(*found->at_95.bca);
    delta.bootstrap_reading = ReadInterval(bootstrap);
    delta.bootstrap = bootstrap;
    return delta;
  }

 private:
  Maybe<metrics::Bootstrap> Resampled(const Statistic& statistic) const {
    if (resamples_.empty()) return Maybe<metrics::Bootstrap>::None("only the mean over prompts was stored");
    return metrics::BootstrapDifference(base_.prompt_entropies, tuned_.prompt_entropies, statistic,
                                        resamples_, progress_);
  }

  static std::string ReadInterval(const PromptBootstrap& bootstrap) {
    const Range range = bootstrap.bca_95.value_or(bootstrap.percentile_95);
    const bool has_zero = range.low <= 0 && range.high >= 0;
    return fmt::format("the 95 % interval over prompts, {:.3g} to {:.3g}, {}", range.low, range.high,
                       has_zero ? "includes 0: other prompts of this kind could show the opposite sign"
                                : "excludes 0: most prompts of this kind would show the same sign");
  }

  const PairSide& base_;
  const PairSide& tuned_;
  Progress* progress_;
  std::vector<metrics::Resample> resamples_;
};

void SetNull(const Maybe<PermutationNull>& null, const char* what, PairDelta& delta) {
  if (null)
    delta.null = NullOf(*null, what);
  else
    delta.why_no_null = null.reason();
}

std::vector<PairDelta> DeltasOf(const PairSide& base, const PairSide& tuned,
                                const metrics::PairComparison& pair, Progress* progress) {
  const PairJudge judge(base, tuned, progress);
  std::vector<PairDelta> deltas = {judge.Delta("specialization", pair.index_delta, metrics::FastIndex),
                                   judge.Delta("correlation", pair.correlation_delta, Correlation),
                                   judge.Delta("variance", pair.variance_delta, metrics::MeanHeadVariance)};
  const auto index_null =
      metrics::ComputeDeltaNull(base.entropies, tuned.entropies, {kShuffles, kSeed, progress});
  SetNull(index_null, kWithinLayers, deltas[0]);
  deltas[0].null_reading = metrics::ReadDeltaNull(index_null);
  SetNull(index_null, kWithinLayers, deltas[1]);
  if (deltas[1].null) deltas[1].null = Turned(*deltas[1].null);
  deltas[1].null_reading = "the SI difference with the sign turned: the same fact";
  const auto variance_null = WithinPrompts(base, tuned, metrics::MeanHeadVariance, progress);
  SetNull(variance_null, kWithinPrompts, deltas[2]);
  deltas[2].null_reading = ReadNullOf("variance", variance_null, kWithinPrompts,
                                      "these prompts do not tell the models apart by it",
                                      "the models differ in it on these prompts");
  if (!pair.group_ratio_delta) return deltas;
  const int kv_heads = base.kv_heads;
  const Statistic ratio = [kv_heads](const Table& values) { return metrics::GroupRatio(values, kv_heads); };
  const Statistic tuned_ratio = [&tuned](const Table& values) {
    return metrics::GroupRatio(values, tuned.kv_heads);
  };
  deltas.push_back(judge.Delta("gqa_ratio", *pair.group_ratio_delta, ratio));
  if (base.kv_heads != tuned.kv_heads) {
    deltas[3].bootstrap.reset();
    deltas[3].why_no_bootstrap = "the models group their heads differently";
    deltas[3].bootstrap_reading = "no interval over prompts: " + deltas[3].why_no_bootstrap;
  }
  const auto ratio_null = WithinLayers(base, tuned, ratio, tuned_ratio, progress);
  SetNull(ratio_null, kWithinLayers, deltas[3]);
  deltas[3].null_reading =
      ReadNullOf("group ratio", ratio_null, kWithinLayers, "no sign that heads of one group moved together",
                 "heads that share keys moved together, or apart, more than chance groups do");
  return deltas;
}

}  // namespace

void SummarizeSide(PairSide& side) {
  side.layers = static_cast<int>(side.entropies.size());
  side.heads = static_cast<int>(side.entropies.front().size());
  if (side.kv_heads == 0) side.kv_heads = side.heads;
  auto summary = metrics::SummarizeHeads(side.entropies, side.kv_heads);
  if (!summary)
    throw Error(ErrorKind::kRun, fmt::format("{}: {}", side.name, summary.reason()),
                "nothing can be compared: measure it in another --dtype");
  side.specialization_index = summary->specialization.index;
  side.mean_head_correlation = summary->specialization.mean_correlation;
  side.mean_head_variance = summary->mean_variance;
  side.effective_heads = summary->effective_heads;
  side.effective_ratio = summary->effective_ratio;
  side.layer_variances = summary->layer_variances;
  side.early_variance = summary->early_variance;
  side.middle_variance = summary->middle_variance;
  side.late_variance = summary->late_variance;
  side.head_correlation = summary->specialization.correlation;
  side.constant_heads = summary->specialization.constant_heads;
  if (const auto& g = summary->groups)
    side.groups = KeyValueGroups{g->group_size, g->groups, g->within, g->between, g->ratio, g->per_group};
  const auto null = metrics::ComputePermutationNull(side.entropies, {kShuffles, kSeed});
  if (null) side.null = NullOf(*null, kWithinLayers);
  side.null_reading = metrics::ReadNull(null);
}

void ComparePairOf(const PairSide& base, const PairSide& tuned, Comparison& comparison, Progress* progress) {
  const auto first = metrics::SummarizeHeads(base.entropies, base.kv_heads);
  const auto second = metrics::SummarizeHeads(tuned.entropies, tuned.kv_heads);
  const auto pair = metrics::ComparePair(*first, *second);
  if (!pair)
    throw Error(ErrorKind::kRun, fmt::format("{} and {}: {}", base.name, tuned.name, pair.reason()),
                "fewer than two heads vary over its layers, so there is no difference to judge");
  comparison.verdict = {metrics::CodeOf(pair->verdict), pair->index_decreased, pair->correlation_increased,
                        pair->variance_decreased};
  comparison.deltas = DeltasOf(base, tuned, *pair, progress);
}

}  // namespace headspec::experiment
