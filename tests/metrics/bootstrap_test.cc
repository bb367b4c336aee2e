// The bootstrap over prompts against scipy.stats.bootstrap on the same resamples.
#include "metrics/bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "metrics/index.h"
#include "metrics/specialization.h"
#include "statistics_golden.h"

namespace headspec::metrics {
namespace {

// "0223": the prompts drawn.
std::vector<Resample> ReadDraws(const nlohmann::json& draws, std::size_t prompts) {
  std::vector<Resample> resamples;
  for (const auto& draw : draws.get<std::vector<std::string>>()) {
    Resample& counts = resamples.emplace_back(prompts, 0);
    for (const char prompt : draw) ++counts[static_cast<std::size_t>(prompt - '0')];
  }
  return resamples;
}

void ExpectInterval(const Interval& found, const nlohmann::json& expected) {
  EXPECT_NEAR(found.low, expected.at(0).get<double>(), 1e-11);
  EXPECT_NEAR(found.high, expected.at(1).get<double>(), 1e-11);
}

class AgainstScipy : public testing::TestWithParam<std::size_t> {};

TEST_P(AgainstScipy, IntervalsOfTheSameResamples) {
  const auto golden = Golden("bootstrap").at(GetParam());
  const auto base = golden.at("base").get<std::vector<Table>>();
  const auto resamples = ReadDraws(golden.at("draws"), base.size());
  const auto found =
      golden.at("paired").get<bool>()
          ? BootstrapDifference(base, golden.at("tuned").get<std::vector<Table>>(), FastIndex, resamples)
          : BootstrapPrompts(base, FastIndex, resamples);
  ASSERT_TRUE(found) << found.reason();
  EXPECT_NEAR(found->estimate, golden.at("estimate").get<double>(), 1e-12);
  EXPECT_NEAR(found->standard_error, golden.at("standard_error").get<double>(), 1e-12);
  EXPECT_NEAR(found->bias, Mean(found->sorted) - found->estimate, 1e-15);
  ExpectInterval(found->at_90.percentile, golden.at("percentile_90"));
  ExpectInterval(found->at_95.percentile, golden.at("percentile_95"));
  ASSERT_TRUE(found->at_90.bca && found->at_95.bca) << found->why_no_bca;
  ExpectInterval(*found->at_90.bca, golden.at("bca_90"));
  ExpectInterval(*found->at_95.bca, golden.at("bca_95"));
  for (std::size_t prompt = 0; prompt < base.size(); ++prompt)
    EXPECT_NEAR(found->without[prompt], golden.at("without").at(prompt).get<double>(), 1e-12);
}

INSTANTIATE_TEST_SUITE_P(Cases, AgainstScipy, testing::Values(0, 1, 2, 3));

std::vector<Table> SomePrompts(int prompts, Random& random) {
  std::vector<Table> tables;
  for (int prompt = 0; prompt < prompts; ++prompt) tables.push_back(PlantedTable({5, 4, 1, 0}, random));
  return tables;
}

TEST(Bootstrap, LeavesEachOfManyPromptsOutAsOfFew) {
  Random random(3, "tables");
  const std::vector<Table> tables = SomePrompts(130, random);
  Random draws(4, "bootstrap");
  const auto found = BootstrapPrompts(tables, FastIndex, DrawResamples(130, 10, draws));
  ASSERT_TRUE(found) << found.reason();
  ASSERT_EQ(found->without.size(), 130u);
  for (const std::size_t left_out : {std::size_t{0}, std::size_t{64}, std::size_t{129}}) {
    std::vector<Table> others = tables;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(left_out));
    const auto expected = BootstrapPrompts(others, FastIndex, {Resample(129, 1), Resample(129, 1)});
    ASSERT_TRUE(expected) << expected.reason();
    EXPECT_NEAR(found->without[left_out], expected->estimate, 1e-12);
  }
}

TEST(Bootstrap, ResamplesDrawEveryPromptEquallyOften) {
  Random random(1, "bootstrap");
  std::vector<int> drawn(10);
  for (const Resample& resample : DrawResamples(10, 2000, random)) {
    EXPECT_EQ(std::accumulate(resample.begin(), resample.end(), 0), 10);
    for (std::size_t prompt = 0; prompt < 10; ++prompt) drawn[prompt] += resample[prompt];
  }
  for (const int count : drawn) EXPECT_NEAR(count, 2000, 5 * 43);  // binomial(20000, 1/10)
}

TEST(Bootstrap, TheEstimateIsTheIndexOfTheMeanTable) {
  Random random(2, "bootstrap");
  const auto tables = SomePrompts(6, random);
  const auto found = BootstrapPrompts(tables, FastIndex, DrawResamples(6, 200, random));
  EXPECT_NEAR(found->estimate, ComputeSpecialization(MeanTable(tables)).index, 1e-12);
  EXPECT_NEAR(std::accumulate(found->influence.begin(), found->influence.end(), 0.0), 0, 1e-12);
}

// The mean of one cell: its standard error is known, and each prompt pulls by its distance from the mean.
TEST(Bootstrap, TheMeanOfANumber) {
  Random random(3, "bootstrap");
  const std::vector<Table> tables = {{{1}}, {{2}}, {{4}}, {{9}}};
  const Statistic cell = [](const Table& table) { return table[0][0]; };
  const auto found = BootstrapPrompts(tables, cell, DrawResamples(4, 20000, random));
  EXPECT_EQ(found->estimate, 4);
  EXPECT_NEAR(found->standard_error, std::sqrt(9.5 / 4), 0.03);
  EXPECT_NEAR(found->bias, 0, 0.04);
  for (std::size_t prompt = 0; prompt < 4; ++prompt)
    EXPECT_NEAR(found->influence[prompt], tables[prompt][0][0] - 4, 1e-12);
}

TEST(Bootstrap, PromptsThatAgreeHaveNoWidth) {
  Random random(4, "bootstrap");
  const std::vector<Table> tables(5, PlantedTable({4, 3, 1, 0}, random));
  const auto found = BootstrapPrompts(tables, FastIndex, DrawResamples(5, 100, random));
  ASSERT_TRUE(found);
  EXPECT_NEAR(found->at_95.percentile.high - found->at_95.percentile.low, 0, 1e-12);
  EXPECT_TRUE(std::isfinite(found->standard_error));
  EXPECT_EQ(found->why_no_bca, "no prompt changes the value");
}

// A hundred prompts of which one is all that matters: the acceleration leaves no room for the upper end.
TEST(Bootstrap, BcaStaysWithinTheSample) {
  Random random(8, "bootstrap");
  std::vector<Table> tables(100, {{0}});
  tables[17] = {{1}};
  const Statistic cell = [](const Table& table) { return table[0][0]; };
  const auto found = BootstrapPrompts(tables, cell, DrawResamples(100, 500, random));
  ASSERT_TRUE(found && found->at_95.bca);
  EXPECT_GE(found->at_95.bca->low, found->sorted.front());
  EXPECT_LE(found->at_95.bca->high, found->sorted.back());
}

TEST(Bootstrap, AStatisticThatOnePromptDoesNotReach) {
  Random random(5, "bootstrap");
  const Statistic constant = [](const Table&) { return 0.5; };
  const auto found = BootstrapPrompts(SomePrompts(4, random), constant, DrawResamples(4, 50, random));
  EXPECT_FALSE(found->at_95.bca);
  EXPECT_EQ(found->why_no_bca, "no prompt changes the value");
}

// Only prompt 0 lets the two heads vary: without it the index does not exist.
TEST(Bootstrap, UndefinedResamplesAreCounted) {
  Random random(6, "bootstrap");
  const std::vector<Table> tables = {
      {{1, 2}, {2, 1}, {3, 5}}, {{1, 1}, {1, 1}, {1, 1}}, {{2, 2}, {2, 2}, {2, 2}}};
  const auto resamples = DrawResamples(3, 300, random);
  const auto found = BootstrapPrompts(tables, FastIndex, resamples);
  ASSERT_TRUE(found);
  int expected = 0;
  for (const Resample& resample : resamples) expected += resample[0] == 0 ? 1 : 0;
  EXPECT_EQ(found->undefined, expected);
  EXPECT_GT(expected, 0);
  EXPECT_TRUE(found->without.empty() && found->influence.empty());
  EXPECT_EQ(found->why_no_bca, "undefined without one of the prompts");
}

TEST(Bootstrap, NoneWithAReason) {
  Random random(7, "bootstrap");
  auto tables = SomePrompts(3, random);
  const auto resamples = DrawResamples(3, 50, random);
  const auto reason = [&](const std::vector<Table>& of) {
    return BootstrapPrompts(of, FastIndex, resamples).reason();
  };
  EXPECT_EQ(reason({}), "no values");
  EXPECT_EQ(reason({tables[0]}), "one prompt: nothing to resample");
  EXPECT_EQ(reason({{{1, 2}}, {{1, 2}}, {{1, 3}}}), "undefined on the mean over all prompts");
  EXPECT_EQ(reason({tables[0], tables[1], {{1, 2}}}), "prompt 2 has another shape");
  EXPECT_EQ(BootstrapDifference(tables, {tables[0], tables[1]}, FastIndex, resamples).reason(),
            "3 prompts and 2: not pairs");
  tables[1][2][3] = std::nan("");
  EXPECT_EQ(reason(tables), "prompt 1, layer 2, head 3 is not a number");
  EXPECT_EQ(BootstrapPrompts(SomePrompts(3, random), FastIndex, {}).reason(),
            "fewer than two resamples define it");
}

}  // namespace
}  // namespace headspec::metrics
