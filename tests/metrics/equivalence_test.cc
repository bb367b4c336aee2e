// The interval form of the equivalence test against its definition: two one-sided t tests by scipy.
#include "metrics/equivalence.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "statistics_golden.h"

namespace headspec::metrics {
namespace {

TEST(Equivalence, IsTwoOneSidedTests) {
  int equivalent = 0, different = 0;
  for (const auto& golden : Golden("tost")) {
    const auto ends = golden.at("interval_90").get<std::vector<double>>();
    const auto outcome = TestEquivalence({ends[0], ends[1]}, golden.at("target").get<double>(),
                                         golden.at("tolerance").get<double>());
    ASSERT_TRUE(outcome);
    const double p_low = golden.at("p_low").get<double>(), p_high = golden.at("p_high").get<double>();
    EXPECT_EQ(*outcome == Equivalence::kEquivalent, p_low < 0.05 && p_high < 0.05);
    // Beyond a margin: the opposite one-sided test rejects.
    EXPECT_EQ(*outcome == Equivalence::kDifferent, p_low > 0.95 || p_high > 0.95);
    equivalent += *outcome == Equivalence::kEquivalent ? 1 : 0;
    different += *outcome == Equivalence::kDifferent ? 1 : 0;
  }
  EXPECT_GT(equivalent, 2);
  EXPECT_GT(different, 2);
}

TEST(Equivalence, AroundTheMargins) {
  const auto outcome = [](double low, double high) {
    return std::string(NameOf(*TestEquivalence({low, high}, 1, 0.5)));
  };
  EXPECT_EQ(outcome(0.6, 1.4), "equivalent");
  EXPECT_EQ(outcome(1.2, 1.2), "equivalent");
  EXPECT_EQ(outcome(0.4, 1.2), "undecided");
  EXPECT_EQ(outcome(0.4, 1.6), "undecided");
  EXPECT_EQ(outcome(0.5, 1.0), "undecided");
  EXPECT_EQ(outcome(1.6, 1.7), "different");
  EXPECT_EQ(outcome(0.1, 0.4), "different");
}

TEST(Equivalence, NoneWithAReason) {
  EXPECT_EQ(TestEquivalence({0, 1}, 0.5, 0).reason(), "a tolerance must be positive");
  EXPECT_EQ(TestEquivalence({0, 1}, 0.5, std::nan("")).reason(), "a tolerance must be positive");
  EXPECT_EQ(TestEquivalence({std::nan(""), 1}, 0.5, 1).reason(),
            "the interval or the target is not a number");
}

}  // namespace
}  // namespace headspec::metrics
