// A sweep's point against its numbers worked out directly from the tables of single prompts.
#include "experiment/sweep_point.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "experiment/statistics.h"
#include "metrics/distributions.h"
#include "metrics/specialization.h"
#include "metrics/summary.h"

namespace headspec::experiment {
namespace {

constexpr std::int64_t kSeed = 42;

std::vector<Table> NanoPrompts() {
  std::ifstream in(std::string(HEADSPEC_TEST_DATA) + "/golden/nano.json");
  return nlohmann::json::parse(in)
      .at("models")
      .at("nano-1.5m")
      .at("float32")
      .at("per_prompt")
      .get<std::vector<Table>>();
}

double MeanOf(const Table& table) {
  std::vector<double> values;
  for (const auto& row : table) values.insert(values.end(), row.begin(), row.end());
  return metrics::Mean(values);
}

ModelResult Measured(std::vector<Table> prompts) {
  ModelResult model;
  model.model = "org/tiny";
  model.provenance.revision = std::string(40, 'a');
  model.provenance.parameters = 1500000;
  model.num_layers = static_cast<int>(prompts.front().size());
  model.num_heads = model.num_kv_heads = static_cast<int>(prompts.front().front().size());
  model.numerics.dtype = "torch.float32";
  model.numerics.non_finite.count = 3;
  model.timing.forward_seconds = 1.5;
  model.warnings = {"a warning"};
  model.head_entropies = metrics::MeanTable(prompts);
  model.si_mean = metrics::ComputeSpecialization(model.head_entropies).index;
  model.statistics.index = ComputeIndexStatistics(model.head_entropies, prompts, kSeed);
  model.prompt_entropies = std::move(prompts);
  return model;
}

HeadMetric MetricOf(std::string name, std::vector<Table> prompts, Table mean) {
  return {.name = std::move(name), .mean = std::move(mean), .per_prompt = std::move(prompts)};
}

// The BCa interval by its formulas (Efron and Tibshirani 1993, 14.9 to 14.15), of `value` given how often
// each prompt counts.
Interval DirectInterval(std::size_t prompts, const std::function<double(const std::vector<int>&)>& value) {
  const double estimate = value(std::vector<int>(prompts, 1));
  std::vector<double> values;
  for (const auto& counts : ResamplesOf(prompts, kSeed)) values.push_back(value(counts));
  std::sort(values.begin(), values.end());
  double below = 0;
  for (const double v : values) below += v < estimate ? 1 : v == estimate ? 0.5 : 0;
  const double z0 = metrics::NormalQuantile(below / static_cast<double>(values.size()));
  std::vector<double> without;
  for (std::size_t prompt = 0; prompt < prompts; ++prompt) {
    std::vector<int> counts(prompts, 1);
    counts[prompt] = 0;
    without.push_back(value(counts));
  }
  double squares = 0, cubes = 0;
  for (const double v : without) {
    const double pull = metrics::Mean(without) - v;
    squares += pull * pull;
    cubes += pull * pull * pull;
  }
  const double a = cubes / (6 * std::pow(squares, 1.5));
  const auto end = [&](double z) {
    return metrics::Quantile(values, metrics::NormalCdf(z0 + (z0 + z) / (1 - a * (z0 + z))));
  };
  const double z = metrics::NormalQuantile(0.975);
  return {end(-z), end(z)};
}

Table Weighted(const std::vector<Table>& prompts, const std::vector<int>& counts) {
  std::vector<Table> drawn;
  for (std::size_t prompt = 0; prompt < prompts.size(); ++prompt)
    drawn.insert(drawn.end(), static_cast<std::size_t>(counts[prompt]), prompts[prompt]);
  return metrics::MeanTable(drawn);
}

double DirectDepthShare(const Table& table) {
  std::vector<double> all, means;
  for (const auto& row : table) {
    means.push_back(metrics::Mean(row));
    all.insert(all.end(), row.begin(), row.end());
  }
  return 1 - metrics::PopulationVariance(means) / metrics::PopulationVariance(all);
}

void ExpectInterval(const SweepValue& found, const Interval& expected) {
  ASSERT_TRUE(found.interval_95);
  EXPECT_NEAR(found.interval_95->low, expected.low, 1e-10);
  EXPECT_NEAR(found.interval_95->high, expected.high, 1e-10);
  EXPECT_LT(found.interval_95->low, found.value);
  EXPECT_GT(found.interval_95->high, found.value);
}

TEST(SweepPoint, SaysWhatTheModelIs) {
  const SweepPoint point = PointOf(Measured(NanoPrompts()));
  EXPECT_EQ(point.model, "org/tiny");
  EXPECT_EQ(point.commit, std::string(40, 'a'));
  EXPECT_EQ(point.parameters, 1500000u);
  EXPECT_EQ(point.dtype, "float32");
  EXPECT_EQ(point.prompts, 10);
  EXPECT_EQ(point.non_finite, 3);
  EXPECT_EQ(point.seconds, 1.5);
  EXPECT_EQ(point.warnings, std::vector<std::string>{"a warning"});
}

TEST(SweepPoint, TakesIndexAndNullFromTheStatistics) {
  const ModelResult model = Measured(NanoPrompts());
  const SweepPoint point = PointOf(model);
  EXPECT_EQ(point.si.value, model.si_mean);
  EXPECT_EQ(point.si.interval_95, model.statistics.index.bootstrap.value->at_95());
  EXPECT_EQ(point.null_95, model.statistics.index.null.value->middle_95);
  EXPECT_EQ(point.null_p, model.statistics.index.null.value->p);
}

TEST(SweepPoint, DepthShareAndEntropyHaveTheIntervalsOfADirectCalculation) {
  const std::vector<Table> prompts = NanoPrompts();
  const SweepPoint point = PointOf(Measured(prompts));
  const auto depth = [&](const std::vector<int>& counts) {
    return DirectDepthShare(Weighted(prompts, counts));
  };
  const auto entropy = [&](const std::vector<int>& counts) { return MeanOf(Weighted(prompts, counts)); };
  const std::vector<int> once(prompts.size(), 1);
  EXPECT_NEAR(point.depth_share.value, depth(once), 1e-12);
  EXPECT_NEAR(point.entropy.value, entropy(once), 1e-12);
  ExpectInterval(point.depth_share, DirectInterval(prompts.size(), depth));
  ExpectInterval(point.entropy, DirectInterval(prompts.size(), entropy));
}

// A prompt in which no token occurs twice has no such metric: the others decide, drawn as often as they are.
TEST(SweepPoint, AMetricLeavesOutThePromptsThatDoNotDefineIt) {
  std::vector<Table> prompts = NanoPrompts();
  ModelResult model = Measured(prompts);
  std::vector<Table> defined = prompts;
  defined.erase(defined.begin() + 4);
  for (auto& row : prompts[4]) std::fill(row.begin(), row.end(), std::nan(""));
  model.head_metrics = {MetricOf("duplicate_token", prompts, metrics::MeanTable(defined))};
  const SweepPoint point = PointOf(model);
  ASSERT_EQ(point.metrics.size(), 1u);
  EXPECT_EQ(point.metrics[0].first, "duplicate_token");
  const SweepValue& found = point.metrics[0].second;
  EXPECT_NEAR(found.value, MeanOf(metrics::MeanTable(defined)), 1e-12);
  ExpectInterval(found, DirectInterval(prompts.size(), [&](const std::vector<int>& counts) {
                   double sum = 0;
                   int drawn = 0;
                   for (std::size_t prompt = 0; prompt < counts.size(); ++prompt) {
                     if (prompt == 4) continue;
                     sum += counts[prompt] * MeanOf(prompts[prompt]);
                     drawn += counts[prompt];
                   }
                   return sum / drawn;
                 }));
}

TEST(SweepPoint, WhatIsNotDefinedIsNotANumberAndHasNoInterval) {
  std::vector<Table> prompts = NanoPrompts();
  ModelResult model = Measured(prompts);
  std::vector<Table> holes = prompts;
  holes[2][1][1] = std::nan("");
  Table none = model.head_entropies;
  none[0][0] = std::nan("");
  model.head_metrics = {MetricOf("induction", {}, model.head_entropies),
                        MetricOf("max_weight", holes, model.head_entropies),
                        MetricOf("sink_mass", prompts, none)};
  const SweepPoint point = PointOf(model);
  EXPECT_NEAR(point.metrics[0].second.value, point.entropy.value, 1e-15);
  EXPECT_FALSE(point.metrics[0].second.interval_95);
  EXPECT_FALSE(point.metrics[1].second.interval_95) << "prompts of which only some heads have it";
  EXPECT_TRUE(std::isnan(point.metrics[2].second.value));
  EXPECT_FALSE(point.metrics[2].second.interval_95);
}

TEST(SweepPoint, OfOnePromptOrOneLayerHasNoIntervals) {
  const SweepPoint alone = PointOf(Measured({NanoPrompts().front()}));
  EXPECT_FALSE(alone.si.interval_95 || alone.depth_share.interval_95 || alone.entropy.interval_95);
  EXPECT_TRUE(alone.null_95 && alone.null_p);
  const Table layer = {{0.25, 0.5}};
  const SweepPoint flat = PointOf(Measured({layer, layer}));
  EXPECT_TRUE(std::isnan(flat.si.value));
  EXPECT_TRUE(std::isnan(flat.depth_share.value));
  EXPECT_FALSE(flat.null_95 || flat.null_p);
  EXPECT_EQ(flat.entropy.value, 0.375);
}

}  // namespace
}  // namespace headspec::experiment
