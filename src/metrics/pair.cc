#include "metrics/pair.h"

#include <cmath>

namespace headspec::metrics {
namespace {

PairVerdict VerdictOf(int criteria_met) {
  if (criteria_met >= 2) return PairVerdict::kConfirmed;
  return criteria_met == 1 ? PairVerdict::kPartial : PairVerdict::kRefuted;
}

bool HasRatio(const HeadSummary& summary) { return summary.groups && summary.groups->ratio; }

}  // namespace

const char* CodeOf(PairVerdict verdict) {
  switch (verdict) {
    case PairVerdict::kConfirmed:
      return "A_CONFIRMED";
    case PairVerdict::kPartial:
      return "B_PARTIAL";
    case PairVerdict::kRefuted:
      return "C_REFUTED";
  }
  return "";
}

Maybe<PairComparison> ComparePair(const HeadSummary& base, const HeadSummary& tuned) {
  if (std::isnan(base.specialization.index))
    return Maybe<PairComparison>::None("the index of the base model is not defined");
  if (std::isnan(tuned.specialization.index))
    return Maybe<PairComparison>::None("the index of the tuned model is not defined");
  PairComparison pair;
  pair.index_delta = tuned.specialization.index - base.specialization.index;
  pair.correlation_delta = tuned.specialization.mean_correlation - base.specialization.mean_correlation;
  pair.variance_delta = tuned.mean_variance - base.mean_variance;
  if (HasRatio(base) && HasRatio(tuned)) pair.group_ratio_delta = *tuned.groups->ratio - *base.groups->ratio;
  pair.index_decreased = pair.index_delta < 0;
  pair.correlation_increased = pair.correlation_delta > 0;
  pair.variance_decreased = pair.variance_delta < 0;
  pair.verdict = VerdictOf(pair.index_decreased + pair.correlation_increased + pair.variance_decreased);
  return pair;
}

}  // namespace headspec::metrics
