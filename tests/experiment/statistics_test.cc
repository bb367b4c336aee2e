// From tables to the statistics of a result: what is there, what is not and why, and what the words say.
#include "experiment/statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "experiment/verdict.h"
#include "metrics/specialization.h"

namespace headspec::experiment {
namespace {

std::vector<Table> NanoPrompts(const char* model) {
  std::ifstream in(std::string(HEADSPEC_TEST_DATA) + "/golden/nano.json");
  return nlohmann::json::parse(in)
      .at("models")
      .at(model)
      .at("float32")
      .at("per_prompt")
      .get<std::vector<Table>>();
}

ModelResult Measured(const char* model, const char* size) {
  ModelResult result;
  result.display = model;
  result.size = size;
  result.prompt_entropies = NanoPrompts(model);
  result.head_entropies = metrics::MeanTable(result.prompt_entropies);
  result.si_mean = metrics::ComputeSpecialization(result.head_entropies).index;
  result.statistics.index = ComputeIndexStatistics(result.head_entropies, result.prompt_entropies, 42);
  return result;
}

RunResult Ladder(double target) {
  RunResult run;
  run.plan.hypothesis =
      Hypothesis{.claim = "B11", .h0 = "", .h1 = "", .target_si = target, .tolerance = 0.05};
  run.models = {Measured("nano-0.5m", "0.5M"), Measured("nano-1.5m", "1.5M"), Measured("nano-4m", "4M")};
  run.verdict = Decide(*run.plan.hypothesis, run.models, {});
  Interpret(run);
  return run;
}

TEST(StatisticsSeed, IsTheProtocolsFirst) {
  Protocol protocol;
  EXPECT_EQ(StatisticsSeed(protocol), 42);
  protocol.seeds = {7, 42};
  EXPECT_EQ(StatisticsSeed(protocol), 7);
}

TEST(IndexStatistics, AreAllThereForAMeasuredModel) {
  const ModelResult model = Measured("nano-4m", "4M");
  const IndexStatistics& s = model.statistics.index;
  ASSERT_TRUE(s.null.value && s.shares.value && s.bootstrap.value);
  EXPECT_EQ(s.null.value->shuffles, 1000);
  EXPECT_EQ(s.bootstrap.value->resamples, 2000);
  EXPECT_EQ(s.bootstrap.value->influence.size(), 10u);
  ASSERT_TRUE(s.bootstrap.value->bca_95);
  EXPECT_LT(s.bootstrap.value->at_95().low, model.si_mean);
  EXPECT_GT(s.bootstrap.value->at_95().high, model.si_mean);
  EXPECT_FALSE(s.readings.null.empty());
  EXPECT_EQ(s.equivalence.reason, "no target: there is no hypothesis");
  EXPECT_EQ(s, Measured("nano-4m", "4M").statistics.index);
  EXPECT_NE(s.null, ComputeIndexStatistics(model.head_entropies, {}, 43).null);
}

TEST(IndexStatistics, SayWhyOneIsNotThere) {
  const Table table = {{0.1, 0.2, 0.4}, {0.3, 0.1, 0.2}, {0.2, 0.6, 0.5}};
  EXPECT_EQ(ComputeIndexStatistics(table, {}, 42).bootstrap.reason, "no values of single prompts");
  EXPECT_EQ(ComputeIndexStatistics(table, {table}, 42).bootstrap.reason, "one prompt: nothing to resample");
  const IndexStatistics layer = ComputeIndexStatistics({{0.1, 0.2}}, {}, 42);
  EXPECT_EQ(layer.null.reason, "one layer: a depth profile needs two");
  EXPECT_FALSE(layer.shares.value);
  EXPECT_EQ(layer.readings.null, "SI has no null: one layer: a depth profile needs two");
  EXPECT_EQ(ComputeIndexStatistics({{0.1}, {0.2}}, {}, 42).null.reason, "one head: a correlation needs two");
  const IndexStatistics nan = ComputeIndexStatistics({{0.1, 0.2}, {std::nan(""), 0.1}}, {}, 42);
  EXPECT_EQ(nan.null.reason, "layer 1, head 0 is not a number");
  EXPECT_EQ(nan.shares.reason, "layer 1, head 0 is not a number");
}

TEST(IndexStatistics, ConstantHeadsHaveNoIndexAndNoInterval) {
  const Table flat = {{0.5, 0.5}, {0.5, 0.5}};
  const IndexStatistics s = ComputeIndexStatistics(flat, {flat, flat}, 42);
  EXPECT_EQ(s.null.reason, "fewer than two heads vary over the layers");
  EXPECT_EQ(s.bootstrap.reason, "undefined on the mean over all prompts");
  EXPECT_FALSE(s.shares.value);
}

TEST(Interpret, ReadsAConfirmedLadder) {
  const RunResult run = Ladder(0.9);
  for (const ModelResult& model : run.models) {
    ASSERT_TRUE(model.statistics.index.equivalence.value) << model.display;
    EXPECT_FALSE(model.statistics.index.readings.point_rule.empty());
  }
  EXPECT_EQ(run.trend.measured, 3);
  ASSERT_TRUE(run.trend.on_log_size.value);
  EXPECT_EQ(run.trend.on_log_size.value->n, 3);
  ASSERT_EQ(run.readings.size(), 4u);
}

TEST(Interpret, ReadsALadderFarFromItsTarget) {
  const RunResult run = Ladder(0.33);
  EXPECT_EQ(run.verdict->printed.conclusion, "SIZE_CONFOUND_DETECTED");
  for (const ModelResult& model : run.models)
    EXPECT_EQ(model.statistics.index.equivalence.value->outcome, "different");
  EXPECT_TRUE(run.readings[1].starts_with(
      "against the target, of 3 measured models: 0 equivalent, 3 different, 0 undecided"))
      << run.readings[1];
  EXPECT_EQ(
      run.readings[3],
      "verdict and statistics: they part: that values lie outside the tolerance is supported, that size is "
      "the reason is not; the rule does not look at size, and no trend over size stands out");
}

TEST(Interpret, LeavesFailedModelsAndUnreadableSizesOut) {
  RunResult run = Ladder(0.33);
  run.models[0].error = "broken";
  run.models[1].size = "huge";
  Interpret(run);
  EXPECT_EQ(run.trend.measured, 1);
  EXPECT_EQ(run.trend.on_size.reason, "a line needs two models");
  run.models.clear();
  Interpret(run);
  EXPECT_EQ(run.readings.size(), 1u);
}

}  // namespace
}  // namespace headspec::experiment
