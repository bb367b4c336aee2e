// The figure of a pair: both head maps and their difference, the variance of each layer's heads, and both
// matrices of head correlations. Drawn as figure.h draws.
#pragma once

#include "headspec/comparison.h"
#include "report/figure.h"

namespace headspec::report {

Figure DescribeComparisonFigure(const Comparison& comparison);

}  // namespace headspec::report
