// All statistics of the nano ladder, from the reference's per-prompt tables (tests/golden/nano.json,
// float32). Prints the table for the documentation: metrics_tests --gtest_filter='NanoStatistics.*'.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "metrics/bootstrap.h"
#include "metrics/index.h"
#include "metrics/permutation_null.h"
#include "metrics/reading.h"
#include "metrics/variance_shares.h"
#include "statistics_golden.h"

namespace headspec::metrics {
namespace {

std::string Text(const Interval& interval) {
  return fmt::format("{:.3f} to {:.3f}", interval.low, interval.high);
}

void ExpectInside(const Interval& narrow, const Interval& wide) {
  EXPECT_GE(narrow.low, wide.low);
  EXPECT_LE(narrow.high, wide.high);
}

double IndexWithStatistics(const std::string& name, const nlohmann::json& run) {
  const auto prompts = run.at("per_prompt").get<std::vector<Table>>();
  const auto null = ComputePermutationNull(run.at("entropies").get<Table>(), {});
  const auto shares = ComputeVarianceShares(run.at("entropies").get<Table>());
  Random random(42, "bootstrap");
  const auto bootstrap =
      BootstrapPrompts(prompts, FastIndex, DrawResamples(static_cast<int>(prompts.size()), 2000, random));
  EXPECT_TRUE(null && shares && bootstrap && bootstrap->at_95.bca);
  EXPECT_NEAR(null->observed, run.at("si").get<double>(), 1e-12);
  EXPECT_NEAR(bootstrap->estimate, run.at("si").get<double>(), 1e-12);
  ExpectInside(bootstrap->at_90.percentile, bootstrap->at_95.percentile);
  ExpectInside(*bootstrap->at_90.bca, *bootstrap->at_95.bca);
  fmt::print("| {} | {:.4f} | {:.4f} +- {:.4f} | {:.2f} | {:.3f} | {:.3f} | {:.3f} | {} | {} | {:+.4f} |\n",
             name, null->observed, null->mean, null->deviation, *null->z, null->p, shares->depth_share,
             *shares->icc, Text(bootstrap->at_95.percentile), Text(*bootstrap->at_95.bca), bootstrap->bias);
  fmt::print("{}\n", ReadNull(null));
  fmt::print("{}\n", ReadEquivalence(*bootstrap->at_90.bca, 0.33, 0.05));
  return null->observed;
}

TEST(NanoStatistics, AllOfThem) {
  fmt::print(
      "| model | SI | shuffles | z | p | depth share | ICC(1,1) | percentile 95 % | BCa 95 % | bias |\n");
  const auto models = ReadJson("golden/nano.json").at("models");
  std::vector<double> indices;
  for (const std::string name : {"nano-0.5m", "nano-1.5m", "nano-4m"})
    indices.push_back(IndexWithStatistics(name, models.at(name).at("float32")));
  const Trend trend = ComputeTrend(std::vector<double>{0.0005, 0.0015, 0.004}, indices);
  ASSERT_TRUE(trend.on_log_size);
  EXPECT_TRUE(trend.on_log_size->slope_95);
  fmt::print("{}\n", ReadTrend(trend));
}

}  // namespace
}  // namespace headspec::metrics
