#include "metrics/variance_shares.h"

#include <algorithm>
#include <string>
#include <vector>

#include "metrics/index.h"
#include "metrics/summary.h"

namespace headspec::metrics {
namespace {

bool IsOneValue(const Table& values) {
  return std::all_of(values.begin(), values.end(), [&](const auto& row) {
    return std::all_of(row.begin(), row.end(), [&](double value) { return value == values[0][0]; });
  });
}

std::string WhyNone(const Table& values) {
  if (values.empty() || values.front().empty()) return "no values";
  if (values.size() == 1) return "one layer: nothing varies over depth";
  if (std::string where = WhereNotFinite(values); !where.empty()) return where;
  if (IsOneValue(values)) return "all values are equal";
  return "";
}

}  // namespace

Maybe<VarianceShares> ComputeVarianceShares(const Table& values) {
  if (std::string reason = WhyNone(values); !reason.empty()) return Maybe<VarianceShares>::None(reason);
  std::vector<double> means, variances;
  for (const auto& row : values) {
    means.push_back(Mean(row));
    variances.push_back(PopulationVariance(row));
  }
  VarianceShares shares;
  shares.between = PopulationVariance(means);
  shares.within = Mean(variances);
  shares.total = shares.between + shares.within;
  if (!(shares.total > 0)) return Maybe<VarianceShares>::None("the values are equal to within rounding");
  shares.depth_share = shares.within / shares.total;
  const double layers = static_cast<double>(values.size());
  const double heads = static_cast<double>(values.front().size());
  if (heads > 1) {
    const double mean_square_between = heads * layers * shares.between / (layers - 1);
    const double mean_square_within = heads * shares.within / (heads - 1);
    shares.icc =
        (mean_square_between - mean_square_within) / (mean_square_between + (heads - 1) * mean_square_within);
  }
  return shares;
}

}  // namespace headspec::metrics
