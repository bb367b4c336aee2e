// Least squares against numpy.polyfit and scipy.stats.linregress.
#include "metrics/trend.h"

#include <gtest/gtest.h>

#include <cmath>

#include "statistics_golden.h"

namespace headspec::metrics {
namespace {

TEST(FitLine, AsPolyfitAndLinregress) {
  for (const auto& golden : Golden("trend")) {
    const auto value = [&](const char* key) { return golden.at(key).get<double>(); };
    const auto fit =
        FitLine(golden.at("x").get<std::vector<double>>(), golden.at("y").get<std::vector<double>>());
    ASSERT_TRUE(fit);
    EXPECT_NEAR(fit->slope, golden.at("polyfit").at(0).get<double>(), 1e-12);
    EXPECT_NEAR(fit->intercept, golden.at("polyfit").at(1).get<double>(), 1e-12);
    EXPECT_NEAR(fit->slope, value("slope"), 1e-13);
    EXPECT_NEAR(*fit->slope_error, value("slope_error"), 1e-12);
    EXPECT_NEAR(*fit->p, value("p"), 1e-11);
    EXPECT_NEAR(fit->r_squared, value("r_squared"), 1e-12);
    EXPECT_NEAR(fit->slope_95->low, golden.at("slope_95").at(0).get<double>(), 1e-11);
    EXPECT_NEAR(fit->slope_95->high, golden.at("slope_95").at(1).get<double>(), 1e-11);
  }
}

TEST(FitLine, TwoPointsHaveNoInterval) {
  const auto fit = FitLine(std::vector<double>{1, 3}, std::vector<double>{0.2, 0.6});
  EXPECT_NEAR(fit->slope, 0.2, 1e-15);
  EXPECT_FALSE(fit->slope_95 || fit->slope_error || fit->p);
}

TEST(FitLine, ValuesThatDoNotVary) {
  const auto fit = FitLine(std::vector<double>{1, 2, 4}, std::vector<double>{0.5, 0.5, 0.5});
  EXPECT_EQ(fit->slope, 0);
  EXPECT_EQ(fit->r_squared, 0);
  EXPECT_FALSE(fit->p);
  EXPECT_EQ(fit->slope_95->high, 0);
}

TEST(FitLine, NoneWithAReason) {
  using V = std::vector<double>;
  EXPECT_EQ(FitLine(V{}, V{}).reason(), "a line needs two models");
  EXPECT_EQ(FitLine(V{1}, V{1}).reason(), "a line needs two models");
  EXPECT_EQ(FitLine(V{1, 2}, V{1}).reason(), "as many sizes as values are needed");
  EXPECT_EQ(FitLine(V{2, 2}, V{1, 3}).reason(), "all models have one size");
  EXPECT_EQ(FitLine(V{2, 3}, V{1, std::nan("")}).reason(), "a size or a value is not a number");
}

TEST(Trend, LogSizeCountsDoublings) {
  const Trend trend = ComputeTrend(std::vector<double>{1, 2, 4}, std::vector<double>{0.2, 0.3, 0.4});
  EXPECT_NEAR(trend.on_log_size->slope, 0.1, 1e-15);
  const Trend zero = ComputeTrend(std::vector<double>{0, 2}, std::vector<double>{0.2, 0.3});
  EXPECT_TRUE(zero.on_size);
  EXPECT_EQ(zero.on_log_size.reason(), "a size is not positive");
}

}  // namespace
}  // namespace headspec::metrics
