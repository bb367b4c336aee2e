#include "metrics/equivalence.h"

#include <cmath>

namespace headspec::metrics {

const char* NameOf(Equivalence outcome) {
  switch (outcome) {
    case Equivalence::kEquivalent:
      return "equivalent";
    case Equivalence::kDifferent:
      return "different";
    case Equivalence::kUndecided:
      return "undecided";
  }
  return "";
}

Maybe<Equivalence> TestEquivalence(const Interval& interval_90, double target, double tolerance) {
  if (!std::isfinite(interval_90.low) || !std::isfinite(interval_90.high) || !std::isfinite(target))
    return Maybe<Equivalence>::None("the interval or the target is not a number");
  if (!(tolerance > 0) || !std::isfinite(tolerance))
    return Maybe<Equivalence>::None("a tolerance must be positive");
  const Interval margins{target - tolerance, target + tolerance};
  if (interval_90.low > margins.low && interval_90.high < margins.high) return Equivalence::kEquivalent;
  if (interval_90.low > margins.high || interval_90.high < margins.low) return Equivalence::kDifferent;
  return Equivalence::kUndecided;
}

}  // namespace headspec::metrics
