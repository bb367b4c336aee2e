// What is said of curves: their ends, their largest change, and nothing that the points do not support.
#include "experiment/sweep_readings.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "report/sweep_sample.h"

namespace headspec::experiment {
namespace {

bool Has(const std::vector<std::string>& lines, const std::string& part) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return line.find(part) != std::string::npos; });
}

std::string All(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// Values of SI on one curve, each with an interval of 0.02 either way.
SweepResult Curve(const std::vector<double>& values, const std::vector<double>& steps) {
  SweepResult sweep = SampleSweep({{"org/tiny-70m", 7e7}}, steps);
  for (std::size_t row = 0; row < values.size(); ++row) {
    sweep.rows[row].point->si = {values[row], Interval{values[row] - 0.02, values[row] + 0.02}};
    sweep.rows[row].point->null_p = 0.5;
  }
  return sweep;
}

TEST(SweepReadings, OfACurveOverSteps) {
  const auto lines = ReadSweep(Curve({0.9, 0.9, 0.7, 0.5, 0.45}, {0, 1, 2, 4, 8}));
  EXPECT_EQ(
      lines[0],
      "tiny-70m: SI 0.90 (0.88 to 0.92) at step0 and 0.45 (0.43 to 0.47) at step8; the two intervals lie "
      "apart; largest change between neighbours -0.200, from step1 to step2; -0.15 for each doubling of "
      "step (least squares over 4 points, R2 = 0.95)");
  EXPECT_TRUE(Has(lines, "checkpoints of one run are not independent")) << All(lines);
  EXPECT_TRUE(Has(lines, "in 5 of 5 points SI does not stand out")) << All(lines);
  EXPECT_TRUE(Has(lines, "they say nothing of other training runs"));
}

TEST(SweepReadings, DoNotClaimAChangeThatIntervalsHide) {
  const auto lines = ReadSweep(Curve({0.9, 0.89}, {10, 20}));
  EXPECT_TRUE(Has(lines, "the two intervals overlap: they alone show no change")) << All(lines);
  EXPECT_FALSE(Has(lines, "doubling")) << "two points always lie on a line";
}

TEST(SweepReadings, CountPointsBeyondShuffledHeads) {
  SweepResult sweep = Curve({0.9, 0.8, 0.7}, {1, 2, 4});
  sweep.rows[2].point->null_p = 0.001;
  EXPECT_TRUE(
      Has(ReadSweep(sweep), "stands out from heads shuffled within layers in 1 of 3 points (p <= 0.05"));
  sweep.rows[1].point->non_finite = 4;
  EXPECT_TRUE(ReadSweep(sweep)[0].starts_with("not to be trusted")) << ReadSweep(sweep)[0];
}

SweepResult WithoutSteps(const std::vector<SweepModel>& models) {
  SweepResult sweep = SampleSweep(models, {1000});
  for (SweepRow& row : sweep.rows) row.cell.step.reset();
  return sweep;
}

TEST(SweepReadings, OfSizesHaveATrend) {
  const auto lines = ReadSweep(WithoutSteps({{"org/a", 7e7}, {"org/b", 1.6e8}, {"org/c", 1e9}}));
  EXPECT_TRUE(lines[0].starts_with("SI of 3 models from ")) << lines[0];
  EXPECT_TRUE(Has(lines, "for each doubling of size (95 % interval")) << All(lines);
}

TEST(SweepReadings, OfSeedsHaveTheirScatter) {
  SweepResult sweep = WithoutSteps({{"org/seed1", 7e7}, {"org/seed2", 7e7}, {"org/seed3", 7e7}});
  for (std::size_t row = 0; row < 3; ++row)
    sweep.rows[row].point->si.value = 0.7 + 0.01 * static_cast<double>(row);
  const auto lines = ReadSweep(sweep);
  EXPECT_TRUE(
      Has(lines, "3 models of 70M parameters: SI 0.71 on average, with a deviation of 0.01 between models"))
      << All(lines);
  EXPECT_FALSE(Has(lines, "doubling of size"));
}

TEST(SweepReadings, AreFewForManyCurvesAndNoneForNothing) {
  std::vector<SweepModel> models;
  for (int i = 0; i < 40; ++i) models.push_back({"org/seed" + std::to_string(i), 7e7});
  EXPECT_LT(ReadSweep(SampleSweep(models, {1, 10, 100})).size(), 18u);
  EXPECT_TRUE(ReadSweep(SweepResult{}).empty());
  SweepResult undefined = Curve({0.5, 0.5}, {1, 2});
  for (SweepRow& row : undefined.rows) row.point->si = {std::nan(""), {}};
  EXPECT_TRUE(ReadSweep(undefined).empty()) << All(ReadSweep(undefined));
}

}  // namespace
}  // namespace headspec::experiment
