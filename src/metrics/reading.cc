#include "metrics/reading.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace headspec::metrics {
namespace {

constexpr double kLevel = 0.05;
// A null narrower than the notebook's tolerance either way can be read as "no difference"; a wider one
// cannot.
constexpr double kSharp = 0.05;

// Decimals that show one significant digit of the spread: 3 for 0.004. From 2 to 6.
int Decimals(double spread) {
  if (!(spread > 0)) return 2;
  return std::clamp(static_cast<int>(std::ceil(-std::log10(spread))), 2, 6);
}

std::string Number(double value, int decimals) {
  const std::string text = fmt::format("{:.{}f}", value, decimals);
  const bool is_zero = text.find_first_not_of("-0.") == std::string::npos;
  return is_zero && text.front() == '-' ? text.substr(1) : text;
}

std::string PValue(const PermutationNull& null) {
  const bool is_least = null.p <= null.least_p * (1 + 1e-9);
  return fmt::format("p {} {:.2g}", is_least ? "<=" : "=", null.p);
}

std::string Compared(const PermutationNull& null) {
  const int decimals = Decimals(null.deviation);
  return fmt::format("({} +- {}, {})", Number(null.mean, decimals), Number(null.deviation, decimals),
                     PValue(null));
}

std::string ReadAgainst(const std::string& name, const PermutationNull& null, const char* same,
                        const char* below, const char* above) {
  const std::string observed = fmt::format("{} {}", name, Number(null.observed, Decimals(null.deviation)));
  if (!null.z)
    return observed + " is the only value that shuffles within layers can give: it says nothing of heads";
  if (null.least_p > kLevel)
    return fmt::format("{} has a null of only {} shuffles, too few to tell", observed, null.sorted.size());
  if (null.p > kLevel) {
    const double reach = (null.band.high - null.band.low) / 2;
    const std::string meaning =
        reach < kSharp
            ? same
            : fmt::format("no sign of which head it is, but a difference below {} would not show here",
                          Number(reach, Decimals(reach)));
    return fmt::format("{} is what heads shuffled within layers give {}: {}", observed, Compared(null),
                       meaning);
  }
  const bool is_below = null.observed < null.mean;
  return fmt::format("{} is {} what heads shuffled within layers give {}: {}", observed,
                     is_below ? "below" : "above", Compared(null), is_below ? below : above);
}

std::string WhyAlone(const Maybe<Equivalence>& outcome) {
  return outcome ? "the value is not a number" : outcome.reason();
}

std::string ReadPower(const LineFit& fit) {
  const double reach = (fit.slope_95->high - fit.slope_95->low) / 2;
  const int decimals = Decimals(reach);
  if (fit.slope_95->low <= 0 && fit.slope_95->high >= 0)
    return fmt::format(
        "a slope smaller than {} either way would not stand out from {} models scattered like these",
        Number(reach, decimals), fit.n);
  return fmt::format("it differs from zero, if {} models lie on a line at all, which so few cannot show",
                     fit.n);
}

}  // namespace

std::string ReadNull(const Maybe<PermutationNull>& null) {
  if (!null) return "SI has no null: " + null.reason();
  // Shuffles around 1 are heads without a common depth profile.
  const bool has_depth = null->band.high < 1 || null->band.low > 1;
  return ReadAgainst("SI", *null,
                     has_depth ? "it reflects depth, not which head"
                               : "it reflects neither depth nor which head: no profile is shared",
                     "beyond depth, heads of one index keep their rank from layer to layer",
                     "beyond depth, heads of one index differ more across layers than chance pairings do");
}

std::string ReadDeltaNull(const Maybe<PermutationNull>& null) {
  if (!null) return "the SI difference has no null: " + null.reason();
  return ReadAgainst("The SI difference", *null, "it reflects a change over depth, not of particular heads",
                     "beyond depth, heads of one index agree more across layers after tuning",
                     "beyond depth, heads of one index agree less across layers after tuning");
}

std::string ReadEquivalence(const Interval& interval_90, double target, double tolerance) {
  const Maybe<Equivalence> outcome = TestEquivalence(interval_90, target, tolerance);
  if (!outcome) return "no equivalence test: " + outcome.reason();
  const int decimals = std::max(3, Decimals(interval_90.high - interval_90.low));
  const std::string interval = fmt::format("the 90 % interval {} to {}", Number(interval_90.low, decimals),
                                           Number(interval_90.high, decimals));
  const std::string margins = fmt::format("{:g} +- {:g}", target, tolerance);
  switch (*outcome) {
    case Equivalence::kEquivalent:
      return fmt::format("equivalent to {}: {} lies within", margins, interval);
    case Equivalence::kDifferent:
      return fmt::format("different from {}: {} lies outside", margins, interval);
    case Equivalence::kUndecided:
      break;
  }
  return fmt::format("undecided about {}: {} reaches across its edge", margins, interval);
}

std::string ReadPointRule(double value, const Interval& interval_90, double target, double tolerance) {
  const Maybe<Equivalence> outcome = TestEquivalence(interval_90, target, tolerance);
  if (!outcome || !std::isfinite(value)) return "the point rule stands alone: " + WhyAlone(outcome);
  const bool within = std::abs(value - target) <= tolerance;
  const std::string rule =
      within ? "within the tolerance by the point rule" : "outside the tolerance by the point rule";
  if (*outcome == Equivalence::kUndecided)
    return rule +
           ", but other prompts of this kind could decide otherwise: the 90 % interval reaches across its "
           "edge";
  if (within != (*outcome == Equivalence::kEquivalent))
    return rule +
           ", against its own 90 % interval: resampling moves the value more than its distance from the edge";
  return rule + ", and the 90 % interval over prompts agrees";
}

std::string ReadTrend(const Trend& trend) {
  const Maybe<LineFit>& fit = trend.on_log_size;
  if (!fit) return "no trend over size: " + fit.reason();
  if (!fit->slope_95)
    return fmt::format(
        "SI changes by {:.3g} for each doubling of size between two models: a line through two points "
        "always fits, so no interval exists",
        fit->slope);
  const int decimals = Decimals((fit->slope_95->high - fit->slope_95->low) / 2);
  return fmt::format("SI changes by {} for each doubling of size (95 % interval {} to {}, n = {}): {}",
                     Number(fit->slope, decimals), Number(fit->slope_95->low, decimals),
                     Number(fit->slope_95->high, decimals), fit->n, ReadPower(*fit));
}

}  // namespace headspec::metrics
