// Is a measured value the same as a target, to within a tolerance? Two one-sided tests (Schuirmann 1987) at 5
// % each, in the form of an interval: a 90 % interval that lies within the margins rejects both "too low" and
// "too high". Unlike the notebook's point rule it can also answer that it does not know.
#pragma once

#include "metrics/maybe.h"
#include "metrics/summary.h"

namespace headspec::metrics {

enum class Equivalence {
  kEquivalent,  // the interval lies within target +- tolerance
  kDifferent,   // the interval has no point in common with target +- tolerance
  kUndecided,   // it reaches across a margin
};

const char* NameOf(Equivalence outcome);  // "equivalent", "different", "undecided"

// `interval_90` as from Bootstrap::at_90. None if the tolerance is not positive or a number is not finite.
Maybe<Equivalence> TestEquivalence(const Interval& interval_90, double target, double tolerance);

}  // namespace headspec::metrics
