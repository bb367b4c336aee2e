// Variance shares against numpy, scipy's one-way analysis of variance, and the example of Shrout and Fleiss.
#include "metrics/variance_shares.h"

#include <gtest/gtest.h>

#include <limits>

#include "statistics_golden.h"

namespace headspec::metrics {
namespace {

TEST(VarianceShares, AsNumpyAndScipy) {
  for (const auto& golden : Golden("variance")) {
    const auto shares = ComputeVarianceShares(golden.at("table").get<Table>());
    ASSERT_TRUE(shares);
    const double between = golden.at("between").get<double>(), total = golden.at("total").get<double>();
    EXPECT_NEAR(shares->between, between, 1e-14);
    EXPECT_NEAR(shares->within, golden.at("within").get<double>(), 1e-14);
    EXPECT_NEAR(shares->total, total, 1e-14);
    EXPECT_NEAR(shares->depth_share, 1 - between / total, 1e-14);
    EXPECT_NEAR(*shares->icc, golden.at("icc").get<double>(), 1e-12);
  }
}

// Table 2 of Shrout and Fleiss 1979: six targets, four judges; their ICC(1,1) is .17.
TEST(VarianceShares, ShroutAndFleiss) {
  const auto shares = ComputeVarianceShares(
      {{9, 2, 5, 8}, {6, 1, 3, 2}, {8, 4, 6, 8}, {7, 1, 2, 6}, {10, 5, 6, 9}, {6, 2, 4, 7}});
  EXPECT_NEAR(*shares->icc, 0.17, 0.005);
}

TEST(VarianceShares, TheEnds) {
  EXPECT_EQ(ComputeVarianceShares({{1, 1}, {2, 2}})->depth_share, 0);
  EXPECT_EQ(*ComputeVarianceShares({{1, 1}, {2, 2}})->icc, 1);
  EXPECT_EQ(ComputeVarianceShares({{1, 2}, {2, 1}})->depth_share, 1);
  EXPECT_EQ(*ComputeVarianceShares({{1, 2}, {2, 1}})->icc, -1);
}

TEST(VarianceShares, OneHeadHasNoIcc) {
  const auto shares = ComputeVarianceShares({{1}, {2}});
  EXPECT_EQ(shares->depth_share, 0);
  EXPECT_FALSE(shares->icc);
}

TEST(VarianceShares, NoneWithAReason) {
  EXPECT_EQ(ComputeVarianceShares({}).reason(), "no values");
  EXPECT_EQ(ComputeVarianceShares({{1, 2}}).reason(), "one layer: nothing varies over depth");
  EXPECT_EQ(ComputeVarianceShares({{0.1, 0.1}, {0.1, 0.1}}).reason(), "all values are equal");
  EXPECT_EQ(ComputeVarianceShares({{1e-200, 0}, {0, 0}}).reason(), "the values are equal to within rounding");
  EXPECT_EQ(ComputeVarianceShares({{0, std::numeric_limits<double>::infinity()}, {1, 1}}).reason(),
            "layer 0, head 1 is not a number");
}

}  // namespace
}  // namespace headspec::metrics
