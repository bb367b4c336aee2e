// The permutation null against all shuffles there are, scipy's exact test, and its own definitions.
#include "metrics/permutation_null.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "metrics/index.h"
#include "statistics_golden.h"

namespace headspec::metrics {
namespace {

// The index of every shuffle within layers from `layer` on: (H!)^L values.
void Enumerate(Table& table, std::size_t layer, std::vector<double>& values) {
  if (layer == table.size()) {
    values.push_back(*FastIndex(table));
    return;
  }
  std::sort(table[layer].begin(), table[layer].end());
  do Enumerate(table, layer + 1, values);
  while (std::next_permutation(table[layer].begin(), table[layer].end()));
}

struct Exact {
  double mean, deviation, p;
};

Exact Enumerated(Table table, double observed) {
  std::vector<double> values;
  Enumerate(table, 0, values);
  double below = 0, above = 0;
  for (const double value : values) {
    below += value <= observed + 1e-12 ? 1 : 0;
    above += value >= observed - 1e-12 ? 1 : 0;
  }
  return {Mean(values), std::sqrt(PopulationVariance(values)),
          std::min(1.0, 2 * std::min(below, above) / static_cast<double>(values.size()))};
}

class ExactPermutation : public testing::TestWithParam<std::size_t> {};

TEST_P(ExactPermutation, SamplingApproachesAllShuffles) {
  const auto golden = Golden("permutation").at(GetParam());
  const Table table = golden.at("table").get<Table>();
  const Exact exact = Enumerated(table, *FastIndex(table));
  EXPECT_NEAR(exact.p, golden.at("p").get<double>(), 1e-12);
  EXPECT_NEAR(exact.mean, golden.at("mean").get<double>(), 1e-12);
  EXPECT_NEAR(exact.deviation, golden.at("deviation").get<double>(), 1e-12);

  const int shuffles = 40000;
  const auto null = ComputePermutationNull(table, {shuffles, 5});
  ASSERT_TRUE(null);
  EXPECT_NEAR(null->observed, golden.at("observed").get<double>(), 1e-12);
  // Five standard errors of each.
  EXPECT_NEAR(null->mean, exact.mean, 5 * exact.deviation / std::sqrt(shuffles));
  EXPECT_NEAR(null->deviation, exact.deviation, 5 * exact.deviation / std::sqrt(shuffles));
  EXPECT_NEAR(null->p, exact.p, 10 * std::sqrt(exact.p / 2 / shuffles));
}

INSTANTIATE_TEST_SUITE_P(Tables, ExactPermutation, testing::Values(0, 1, 2));

TEST(PermutationNull, SummaryByHand) {
  const PermutationNull null = SummarizeNull(5, {4, 1, 2, 3, 5, 9, 8, 7, 6});
  EXPECT_EQ(null.mean, 5);
  EXPECT_DOUBLE_EQ(null.deviation, std::sqrt(60.0 / 8));
  EXPECT_EQ(*null.z, 0);
  EXPECT_EQ(null.p, 1);
  EXPECT_DOUBLE_EQ(null.least_p, 0.2);
  EXPECT_EQ(null.median, 5);
  EXPECT_DOUBLE_EQ(null.band.low, 1.2);
  EXPECT_DOUBLE_EQ(null.band.high, 8.8);
  EXPECT_DOUBLE_EQ(SummarizeNull(0, null.sorted).p, 0.2);
  EXPECT_DOUBLE_EQ(SummarizeNull(2, null.sorted).p, 0.6);    // 1, 2 and itself: 2 * 3 / 10
  EXPECT_DOUBLE_EQ(SummarizeNull(8.5, null.sorted).p, 0.4);  // 9 and itself
}

TEST(PermutationNull, TheSeedDecides) {
  Random random(9, "tables");
  const Table table = PlantedTable({6, 5, 1, 1}, random);
  const auto one = ComputePermutationNull(table, {100, 1});
  EXPECT_EQ(one->sorted, ComputePermutationNull(table, {100, 1})->sorted);
  EXPECT_NE(one->sorted, ComputePermutationNull(table, {100, 2})->sorted);
}

// Two layers and two heads: each shuffle's only pair correlates at 1 or -1.
TEST(PermutationNull, TwoHeadsInTwoLayers) {
  const auto null = ComputePermutationNull({{0.1, 0.2}, {0.3, 0.5}}, {400, 1});
  ASSERT_TRUE(null);
  EXPECT_NEAR(null->sorted.front(), 0, 1e-12);
  EXPECT_NEAR(null->sorted.back(), 0, 1e-12);
  EXPECT_FALSE(null->z);
  EXPECT_EQ(null->p, 1);
}

TEST(PermutationNull, HeadsThatAgreeInEveryLayerHaveOneValue) {
  const auto null = ComputePermutationNull({{0.1, 0.1, 0.1}, {0.4, 0.4, 0.4}, {0.2, 0.2, 0.2}}, {50, 1});
  ASSERT_TRUE(null);
  EXPECT_FALSE(null->z);
  EXPECT_EQ(null->p, 1);
}

// A constant head is left out of the observed index; shuffles mix its values in.
TEST(PermutationNull, AConstantHead) {
  const auto null = ComputePermutationNull({{1, 0.7, 1.5}, {2, 0.7, 3}, {3, 0.7, 2}}, {200, 1});
  ASSERT_TRUE(null);
  EXPECT_EQ(null->sorted.size(), 200u);
  EXPECT_TRUE(std::isfinite(*null->z));
}

TEST(PermutationNull, NoneWithAReason) {
  const NullOptions options;
  EXPECT_EQ(ComputePermutationNull({{0.1, 0.2}}, options).reason(), "one layer: a depth profile needs two");
  EXPECT_EQ(ComputePermutationNull({{0.1}, {0.2}}, options).reason(), "one head: a correlation needs two");
  EXPECT_EQ(ComputePermutationNull({{1, 1}, {1, 1}}, options).reason(),
            "fewer than two heads vary over the layers");
  EXPECT_EQ(ComputePermutationNull({{1, 1}, {1, std::nan("")}}, options).reason(),
            "layer 1, head 1 is not a number");
  EXPECT_EQ(ComputePermutationNull({{1, 2}, {3, 4}}, {0, 1}).reason(), "no shuffle has an index");
  EXPECT_EQ(ComputeDeltaNull({{1, 2}, {3, 4}}, {{1, 2}}, options).reason(),
            "tuned: one layer: a depth profile needs two");
}

TEST(DeltaNull, IsTheDifferenceOfTwoNulls) {
  Random random(4, "tables");
  const Table base = PlantedTable({8, 6, 1, 0}, random), tuned = PlantedTable({8, 6, 0, 0}, random);
  const auto before = ComputePermutationNull(base, {4000, 1}),
             after = ComputePermutationNull(tuned, {4000, 1});
  const auto delta = ComputeDeltaNull(base, tuned, {4000, 1});
  ASSERT_TRUE(delta);
  const double deviation = std::hypot(before->deviation, after->deviation);
  EXPECT_NEAR(delta->observed, after->observed - before->observed, 1e-12);
  EXPECT_NEAR(delta->mean, after->mean - before->mean, 5 * deviation / std::sqrt(4000));
  EXPECT_NEAR(delta->deviation, deviation, 0.05 * deviation);
}

}  // namespace
}  // namespace headspec::metrics
