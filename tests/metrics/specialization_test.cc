#include "metrics/specialization.h"

#include <gtest/gtest.h>

#include <cmath>

namespace headspec::metrics {
namespace {

// Three layers, two heads. Head 0 rises 1, 2, 3: centred (-1, 0, 1), norm sqrt 2. Head 1 goes 1, 3, 2:
// centred
// (-1, 1, 0), norm sqrt 2. Their product is 1, so the correlation is 1/2.
TEST(Specialization, TwoHeadsByHand) {
  const Specialization result = ComputeSpecialization({{1, 1}, {2, 3}, {3, 2}});
  EXPECT_NEAR(result.mean_correlation, 0.5, 1e-15);
  EXPECT_NEAR(result.index, 0.5, 1e-15);
  EXPECT_NEAR(result.correlation[0][1], 0.5, 1e-15);
  EXPECT_EQ(result.correlation[0][1], result.correlation[1][0]);
  EXPECT_NEAR(result.correlation[0][0], 1.0, 1e-15);
  EXPECT_TRUE(result.constant_heads.empty());
}

// Two layers make every pair 1 or -1: heads 0 and 1 rise, head 2 falls; (1 - 1 - 1) / 3.
TEST(Specialization, TwoLayersThreeHeads) {
  const Specialization result = ComputeSpecialization({{0.1, 0.5, 0.9}, {0.2, 0.8, 0.3}});
  EXPECT_NEAR(result.correlation[0][1], 1.0, 1e-15);
  EXPECT_NEAR(result.correlation[0][2], -1.0, 1e-15);
  EXPECT_NEAR(result.correlation[1][2], -1.0, 1e-15);
  EXPECT_NEAR(result.mean_correlation, -1.0 / 3, 1e-15);
  EXPECT_NEAR(result.index, 4.0 / 3, 1e-15);
}

TEST(Specialization, PerfectlyCorrelatedHeadsGiveZero) {
  const Specialization result = ComputeSpecialization({{0.1, 1.2, 3}, {0.4, 1.8, 9}, {0.2, 1.4, 5}});
  EXPECT_NEAR(result.mean_correlation, 1.0, 1e-14);
  EXPECT_NEAR(result.index, 0.0, 1e-14);
}

TEST(Specialization, OppositeHeadsGiveTwo) {
  const Specialization result = ComputeSpecialization({{0.1, 0.9}, {0.4, 0.6}, {0.2, 0.8}});
  EXPECT_NEAR(result.index, 2.0, 1e-14);
}

TEST(Specialization, CorrelationNeverLeavesItsRange) {
  const Specialization result = ComputeSpecialization({{0.1, 0.1}, {0.7, 0.7}, {0.3, 0.3}, {0.9, 0.9}});
  EXPECT_LE(result.correlation[0][1], 1.0);
  EXPECT_GE(result.index, 0.0);
}

// numpy gives NaN for a head that does not vary, and the notebook's nanmean passes over it.
TEST(Specialization, ConstantHeadsAreListedAndLeftOut) {
  const Specialization result = ComputeSpecialization({{1, 0.7, 1, 0}, {2, 0.7, 3, 0}, {3, 0.7, 2, 0}});
  EXPECT_EQ(result.constant_heads, (std::vector<int>{1, 3}));
  EXPECT_NEAR(result.index, 0.5, 1e-15);
  for (std::size_t head = 0; head < 4; ++head) {
    EXPECT_TRUE(std::isnan(result.correlation[1][head])) << head;
    EXPECT_TRUE(std::isnan(result.correlation[head][3])) << head;
  }
}

TEST(Specialization, AllHeadsConstant) {
  const Specialization result = ComputeSpecialization({{0.5, 0.7}, {0.5, 0.7}});
  EXPECT_EQ(result.constant_heads, (std::vector<int>{0, 1}));
  EXPECT_TRUE(std::isnan(result.index));
  EXPECT_TRUE(std::isnan(result.mean_correlation));
}

TEST(Specialization, OneLayerHasNoCorrelation) {
  const Specialization result = ComputeSpecialization({{0.1, 0.5, 0.9}});
  EXPECT_TRUE(std::isnan(result.index));
  EXPECT_EQ(result.constant_heads.size(), 3u);
}

TEST(Specialization, OneHeadHasNoPair) {
  const Specialization result = ComputeSpecialization({{0.1}, {0.5}, {0.2}});
  EXPECT_TRUE(std::isnan(result.index));
  EXPECT_TRUE(std::isnan(result.mean_correlation));
  EXPECT_NEAR(result.correlation[0][0], 1.0, 1e-15);
}

TEST(MeanTable, MeansOverPrompts) {
  EXPECT_EQ(MeanTable({{{1, 2}, {3, 4}}}), (Table{{1, 2}, {3, 4}}));
  EXPECT_EQ(MeanTable({{{1, 2}, {3, 4}}, {{3, 6}, {5, 0}}}), (Table{{2, 4}, {4, 2}}));
  const Table thirds = MeanTable({{{1}}, {{0}}, {{0}}});
  EXPECT_DOUBLE_EQ(thirds[0][0], 1.0 / 3);
}

}  // namespace
}  // namespace headspec::metrics
