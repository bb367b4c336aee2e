// What the readings say, word for word, for each rule.
#include "metrics/reading.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace headspec::metrics {
namespace {

// 999 shuffles spread evenly over mean +- width; their deviation is width / sqrt 3.
PermutationNull Null(double observed, double mean, double width) {
  std::vector<double> values;
  for (int i = 0; i < 999; ++i) values.push_back(mean + width * (i - 499) / 499.0);
  return SummarizeNull(observed, values);
}

TEST(ReadNull, WithinItsNull) {
  EXPECT_EQ(
      ReadNull(Null(0.7149, 0.718, 0.0069)),
      "SI 0.715 is what heads shuffled within layers give (0.718 +- 0.004, p = 0.55): it reflects depth, not "
      "which head");
}

// Noise: shuffles around 1 mean that no two heads share a profile, so there is no depth in it either.
TEST(ReadNull, NoiseReflectsNoDepth) {
  EXPECT_EQ(ReadNull(Null(1.005, 1.002, 0.009)),
            "SI 1.005 is what heads shuffled within layers give (1.002 +- 0.005, p = 0.67): it reflects "
            "neither depth nor which head: no profile is shared");
}

TEST(ReadNull, AWideNullProvesNothing) {
  EXPECT_EQ(ReadNull(Null(0.95, 0.97, 0.2)),
            "SI 0.95 is what heads shuffled within layers give (0.97 +- 0.12, p = 0.9): no sign of which "
            "head it is, "
            "but a difference below 0.19 would not show here");
}

TEST(ReadNull, OutsideOfItsNull) {
  EXPECT_EQ(ReadNull(Null(0.42, 0.55, 0.02)),
            "SI 0.42 is below what heads shuffled within layers give (0.55 +- 0.01, p <= 0.002): beyond "
            "depth, heads of "
            "one index keep their rank from layer to layer");
  EXPECT_EQ(ReadNull(Null(0.5696, 0.55, 0.02)),
            "SI 0.57 is above what heads shuffled within layers give (0.55 +- 0.01, p = 0.022): beyond "
            "depth, heads of "
            "one index differ more across layers than chance pairings do");
  EXPECT_NE(ReadNull(Null(0.569, 0.55, 0.02)).find("(0.55 +- 0.01, p = 0.052): it reflects depth"),
            std::string::npos);
}

TEST(ReadNull, WithoutOne) {
  EXPECT_EQ(ReadNull(Maybe<PermutationNull>::None("one layer: a depth profile needs two")),
            "SI has no null: one layer: a depth profile needs two");
  EXPECT_EQ(ReadNull(SummarizeNull(0, {0, 0, 0})),
            "SI 0.00 is the only value that shuffles within layers can give: it says nothing of heads");
  EXPECT_EQ(ReadNull(SummarizeNull(0.3, {0.1, 0.2})),
            "SI 0.30 has a null of only 2 shuffles, too few to tell");
}

TEST(ReadDeltaNull, Differences) {
  EXPECT_EQ(
      ReadDeltaNull(Null(-0.402, -0.406, 0.009)),
      "The SI difference -0.402 is what heads shuffled within layers give (-0.406 +- 0.005, p = 0.56): it "
      "reflects a change over depth, not of particular heads");
  EXPECT_EQ(ReadDeltaNull(Maybe<PermutationNull>::None("base: one layer")),
            "the SI difference has no null: base: one layer");
}

TEST(ReadEquivalence, EachOutcome) {
  EXPECT_EQ(ReadEquivalence({0.321, 0.336}, 0.329, 0.03),
            "equivalent to 0.329 +- 0.03: the 90 % interval 0.321 to 0.336 lies within");
  EXPECT_EQ(ReadEquivalence({0.4, 0.45}, 0.329, 0.03),
            "different from 0.329 +- 0.03: the 90 % interval 0.400 to 0.450 lies outside");
  EXPECT_EQ(ReadEquivalence({0.33, 0.45}, 0.329, 0.03),
            "undecided about 0.329 +- 0.03: the 90 % interval 0.330 to 0.450 reaches across its edge");
  EXPECT_EQ(ReadEquivalence({0.33, 0.45}, 0.329, 0), "no equivalence test: a tolerance must be positive");
}

TEST(ReadPointRule, WhereRuleAndIntervalPart) {
  EXPECT_EQ(ReadPointRule(0.33, {0.31, 0.35}, 0.33, 0.05),
            "within the tolerance by the point rule, and the 90 % interval over prompts agrees");
  EXPECT_EQ(ReadPointRule(0.9, {0.85, 0.95}, 0.33, 0.05),
            "outside the tolerance by the point rule, and the 90 % interval over prompts agrees");
  EXPECT_EQ(ReadPointRule(0.37, {0.35, 0.39}, 0.33, 0.05),
            "within the tolerance by the point rule, but other prompts of this kind could decide otherwise: "
            "the 90 % "
            "interval reaches across its edge");
  EXPECT_EQ(ReadPointRule(0.37, {0.385, 0.41}, 0.33, 0.05),
            "within the tolerance by the point rule, against its own 90 % interval: resampling moves the "
            "value more "
            "than its distance from the edge");
  EXPECT_EQ(ReadPointRule(0.37, {0.385, 0.41}, 0.33, 0),
            "the point rule stands alone: a tolerance must be positive");
}

std::string TrendOf(const std::vector<double>& sizes, const std::vector<double>& indices) {
  return ReadTrend(ComputeTrend(sizes, indices));
}

TEST(ReadTrend, WhatSoManyModelsCanShow) {
  EXPECT_EQ(TrendOf({1}, {0.3}), "no trend over size: a line needs two models");
  EXPECT_EQ(TrendOf({1, 2}, {0.3, 0.35}),
            "SI changes by 0.05 for each doubling of size between two models: a line through two points "
            "always fits, so "
            "no interval exists");
  EXPECT_EQ(TrendOf({1.3, 2.7, 3.8, 14}, {0.33, 0.41, 0.329, 0.37}),
            "SI changes by 0.01 for each doubling of size (95 % interval -0.07 to 0.09, n = 4): a slope "
            "smaller than "
            "0.08 either way would not stand out from 4 models scattered like these");
  EXPECT_EQ(TrendOf({1, 2, 4, 8}, {0.1, 0.2, 0.31, 0.4}),
            "SI changes by 0.10 for each doubling of size (95 % interval 0.09 to 0.11, n = 4): it differs "
            "from zero, if "
            "4 models lie on a line at all, which so few cannot show");
}

}  // namespace
}  // namespace headspec::metrics
