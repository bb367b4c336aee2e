// Quantiles, spreads and distributions against numpy and scipy.
#include "metrics/summary.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "metrics/distributions.h"
#include "statistics_golden.h"

namespace headspec::metrics {
namespace {

TEST(Summary, QuantilesAsNumpy) {
  const auto golden = Golden("quantiles");
  const auto sorted = golden.at("sorted").get<std::vector<double>>();
  for (const auto& [fraction, expected] : golden.at("values").get<std::vector<std::pair<double, double>>>())
    EXPECT_NEAR(Quantile(sorted, fraction), expected, 1e-15) << fraction;
  EXPECT_EQ(Quantile(std::vector<double>{4}, 0.3), 4);
}

TEST(Summary, Spreads) {
  const std::vector<double> values = {1, 2, 4, 5};
  EXPECT_EQ(Mean(values), 3);
  EXPECT_EQ(PopulationVariance(values), 2.5);
  EXPECT_DOUBLE_EQ(SampleDeviation(values), std::sqrt(10.0 / 3));
  EXPECT_EQ(SampleDeviation(std::vector<double>{4}), 0);
}

TEST(Distributions, AsScipy) {
  const auto golden = Golden("distributions");
  using Rows = std::vector<std::vector<double>>;
  const auto near = [](double found, double expected) {
    EXPECT_NEAR(found, expected, 1e-12 * (1 + std::abs(expected)));
  };
  for (const auto& row : golden.at("normal_quantile").get<Rows>()) near(NormalQuantile(row[0]), row[1]);
  for (const auto& row : golden.at("normal_cdf").get<Rows>()) near(NormalCdf(row[0]), row[1]);
  for (const auto& row : golden.at("t_quantile").get<Rows>()) near(StudentTQuantile(row[0], row[1]), row[2]);
  for (const auto& row : golden.at("t_two_sided").get<Rows>()) near(StudentTTwoSided(row[0], row[1]), row[2]);
}

}  // namespace
}  // namespace headspec::metrics
