#include "metrics/permutation_null.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>

#include "metrics/index.h"
#include "metrics/random.h"

namespace headspec::metrics {
namespace {

constexpr double kEqual = 1e-12;  // how far FastIndex rounds

class Shuffler {
 public:
  Shuffler(const Table& values, std::uint64_t seed, std::string_view purpose)
      : values_(values), random_(seed, purpose) {}

  std::optional<double> Next() {
    for (auto& layer : values_) random_.Shuffle(layer);
    return FastIndex(values_);
  }

 private:
  Table values_;
  Random random_;
};

}  // namespace

PermutationNull SummarizeNull(double observed, std::vector<double> values) {
  std::sort(values.begin(), values.end());
  PermutationNull null;
  null.observed = observed;
  null.mean = Mean(values);
  null.deviation = SampleDeviation(values);
  if (null.deviation > kEqual) null.z = (observed - null.mean) / null.deviation;
  const double shuffles = static_cast<double>(values.size());
  double below = 0, above = 0;
  for (const double value : values) {
    below += value <= observed + kEqual ? 1 : 0;
    above += value >= observed - kEqual ? 1 : 0;
  }
  null.p = std::min(1.0, 2 * (1 + std::min(below, above)) / (1 + shuffles));
  null.least_p = std::min(1.0, 2 / (1 + shuffles));
  null.band = MiddleOf(values, 0.95);
  null.median = Quantile(values, 0.5);
  null.sorted = std::move(values);
  return null;
}

Maybe<PermutationNull> ComputePermutationNull(const Table& values, const NullOptions& options) {
  if (std::string reason = WhyNoIndex(values); !reason.empty()) return Maybe<PermutationNull>::None(reason);
  Shuffler shuffler(values, options.seed, "within-layer shuffles");
  std::vector<double> found;
  Steps steps(options.progress, "shuffles", options.shuffles);
  for (int i = 0; i < options.shuffles; ++i) {
    steps.Next();
    if (const auto index = shuffler.Next()) found.push_back(*index);
  }
  if (found.empty()) return Maybe<PermutationNull>::None("no shuffle has an index");
  return SummarizeNull(*FastIndex(values), std::move(found));
}

Maybe<PermutationNull> ComputeDeltaNull(const Table& base, const Table& tuned, const NullOptions& options) {
  if (std::string reason = WhyNoIndex(base); !reason.empty())
    return Maybe<PermutationNull>::None("base: " + reason);
  if (std::string reason = WhyNoIndex(tuned); !reason.empty())
    return Maybe<PermutationNull>::None("tuned: " + reason);
  Shuffler base_shuffler(base, options.seed, "within-layer shuffles, base");
  Shuffler tuned_shuffler(tuned, options.seed, "within-layer shuffles, tuned");
  std::vector<double> found;
  Steps steps(options.progress, "shuffles", options.shuffles);
  for (int i = 0; i < options.shuffles; ++i) {
    steps.Next();
    const auto before = base_shuffler.Next();
    const auto after = tuned_shuffler.Next();
    if (before && after) found.push_back(*after - *before);
  }
  if (found.empty()) return Maybe<PermutationNull>::None("no shuffle has an index");
  return SummarizeNull(*FastIndex(tuned) - *FastIndex(base), std::move(found));
}

}  // namespace headspec::metrics
