// Tables whose truth is known: does the null stay quiet without head identity, and speak up with it?
// All tables come from fixed streams, so the rates stay what they are.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "metrics/permutation_null.h"
#include "metrics/summary.h"
#include "metrics/variance_shares.h"
#include "science_document.h"
#include "statistics_golden.h"

namespace headspec::metrics {
namespace {

// With 199 shuffles a two-sided p of at most 0.05 has exactly that chance under the null.
constexpr int kShuffles = 199;

// What docs/science.md says of these tables, "| 8 x 6 | 0 | 0 | 118 of 2000 |"; a few tables may fall to the
// other side where another mathematical library rounds otherwise.
void ExpectDocumented(const Planted& planted, int rejected, int tables) {
  const std::string row =
      fmt::format("| {} x {} | {} | {} | ", planted.layers, planted.heads, planted.depth, planted.identity);
  const std::string document = ScienceDocument();
  const auto at = document.find(row);
  ASSERT_NE(at, std::string::npos) << row << rejected << " of " << tables;
  const std::string said =
      document.substr(at + row.size(), document.find(" |", at + row.size()) - at - row.size());
  EXPECT_NEAR(std::stoi(said), rejected, 3) << row;
  EXPECT_TRUE(said.ends_with(fmt::format(" of {}", tables))) << said;
}

double RejectionRate(const Planted& planted, int tables) {
  Random random(
      11, fmt::format("planted {} {} {} {}", planted.layers, planted.heads, planted.depth, planted.identity));
  int rejected = 0;
  for (int i = 0; i < tables; ++i) {
    const auto null =
        ComputePermutationNull(PlantedTable(planted, random), {kShuffles, static_cast<std::uint64_t>(i)});
    rejected += null->p <= 0.05 + 1e-12 ? 1 : 0;
  }
  const double rate = static_cast<double>(rejected) / tables;
  fmt::print("{} layers x {} heads, depth {}, identity {}: {} of {} tables rejected ({:.2f} %)\n",
             planted.layers, planted.heads, planted.depth, planted.identity, rejected, tables, 100 * rate);
  ExpectDocumented(planted, rejected, tables);
  return rate;
}

// 2000 tables: the middle 99 % of the binomial distribution is 5 % +- 1.26 %.
TEST(PlantedTruth, TheNullHoldsItsLevel) {
  for (const double depth : {0.0, 1.0, 4.0}) EXPECT_NEAR(RejectionRate({8, 6, depth, 0}, 2000), 0.05, 0.0126);
  // Three layers of two heads have four values of the index: too few for 5 %, and the p-value does not
  // pretend.
  EXPECT_LE(RejectionRate({3, 2, 1, 0}, 2000), 0.05);
}

TEST(PlantedTruth, PowerGrowsWithHeadIdentity) {
  double last = 0;
  for (const double identity : {0.0, 0.25, 0.5, 0.75, 1.0}) {
    const double rate = RejectionRate({12, 8, 1, identity}, 400);
    EXPECT_GE(rate, last) << identity;
    last = rate;
  }
  EXPECT_GT(last, 0.95);
}

TEST(PlantedTruth, SortedHeadsAreDetectedShuffledOnesAreNot) {
  Random random(12, "sorted");
  int sorted_found = 0, shuffled_found = 0;
  for (std::uint64_t i = 0; i < 100; ++i) {
    Table table = PlantedTable({12, 8, 1, 0}, random);
    for (auto& layer : table) std::sort(layer.begin(), layer.end());
    const auto sorted = ComputePermutationNull(table, {kShuffles, i});
    sorted_found += sorted->p <= 0.05 && sorted->observed < sorted->mean ? 1 : 0;
    for (auto& layer : table) random.Shuffle(layer);
    shuffled_found += ComputePermutationNull(table, {kShuffles, i})->p <= 0.05 ? 1 : 0;
  }
  EXPECT_EQ(sorted_found, 100);
  EXPECT_LE(shuffled_found, 12);  // 99.9 % of binomial(100, 0.05)
}

void Standardise(std::vector<double>& values) {
  const double mean = Mean(values), deviation = std::sqrt(PopulationVariance(values));
  for (double& value : values) value = (value - mean) / deviation;
}

// A table whose layer means carry exactly `between` of the variance.
Table WithShare(double between, Random& random) {
  std::vector<double> depth(24);
  for (double& value : depth) value = Normal(random);
  Standardise(depth);
  Table table;
  for (const double value : depth) {
    std::vector<double> row(16);
    for (double& noise : row) noise = Normal(random);
    Standardise(row);
    for (double& noise : row) noise = std::sqrt(between) * value + std::sqrt(1 - between) * noise;
    table.push_back(row);
  }
  return table;
}

// The finding of the study's tables in one line: without head identity the index is nearly the depth share.
TEST(PlantedTruth, AKnownDepthShareComesBackAndSoDoesTheIndex) {
  Random random(13, "share");
  for (const double between : {0.0, 0.1, 0.5, 0.9}) {
    const Table table = WithShare(between, random);
    EXPECT_NEAR(ComputeVarianceShares(table)->depth_share, 1 - between, 1e-12);
    const auto null = ComputePermutationNull(table, {300, 1});
    EXPECT_NEAR(null->mean, 1 - between, 0.08) << between;
    EXPECT_GT(null->p, 0.01) << between;
  }
}

}  // namespace
}  // namespace headspec::metrics
