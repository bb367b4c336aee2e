// One line in words for each statistic, by rule: what the numbers say and what they cannot. Plain ASCII, no
// full stop; every number is printed with as many digits as its spread supports.
#pragma once

#include <string>

#include "metrics/equivalence.h"
#include "metrics/maybe.h"
#include "metrics/permutation_null.h"
#include "metrics/trend.h"

namespace headspec::metrics {

// At 5 %, two-sided. "SI 0.715 is what heads shuffled within layers give (0.718 +- 0.004, p = 0.45): it
// reflects depth, not which head"; above or below its null, it says which way the difference points. Where
// shuffles scatter by more than the notebook's tolerance (0.05 either way), "no difference" claims no more
// than that.
std::string ReadNull(const Maybe<PermutationNull>& null);

// The same for a difference of two models, tuned - base.
std::string ReadDeltaNull(const Maybe<PermutationNull>& null);

// "equivalent to 0.329 +- 0.03: the 90 % interval 0.321 to 0.336 lies within".
std::string ReadEquivalence(const Interval& interval_90, double target, double tolerance);

// The notebook's point rule (within target +- tolerance or not) beside what the interval supports, and why
// the two part where they do.
std::string ReadPointRule(double value, const Interval& interval_90, double target, double tolerance);

// The slope on log size, its interval, and what so many models can show.
std::string ReadTrend(const Trend& trend);

}  // namespace headspec::metrics
