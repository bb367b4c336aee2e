// The head metrics against numpy on small matrices, heads whose answers are known, and their own definitions.
#include "metrics/head_metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "metrics/baseline.h"
#include "metrics/log2.h"
#include "metrics/received_entropy.h"
#include "statistics_golden.h"

namespace headspec::metrics {
namespace {

using Attention = std::vector<std::vector<float>>;

Maybe<HeadMetrics> Measured(const Attention& attention, AttentionShape shape = {}) {
  HeadMetricsReducer reducer;
  shape.tokens = static_cast<int>(attention.size());
  reducer.Reset(shape);
  for (const auto& row : attention) reducer.Add(row);
  return reducer.Value();
}

Attention UniformCausal(int tokens) {
  Attention attention;
  for (int query = 0; query < tokens; ++query)
    attention.emplace_back(static_cast<std::size_t>(query) + 1, 1.0f / static_cast<float>(query + 1));
  return attention;
}

class AgainstNumpy : public testing::TestWithParam<std::size_t> {};

TEST_P(AgainstNumpy, EveryMetric) {
  const auto golden = Golden("attention").at(GetParam());
  const auto attention = golden.at("attention").get<Attention>();
  const TokenMatches matches(golden.at("ids").get<std::vector<int>>());
  const AttentionShape shape{0, golden.at("causal").get<bool>(), golden.at("window").get<int>(), &matches};
  const auto found = Measured(attention, shape);
  ASSERT_TRUE(found);
  const auto expect = [&](const char* key, double value) {
    EXPECT_NEAR(value, golden.at(key).get<double>(), 1e-13) << key;
  };
  expect("query_entropy", *found->query_entropy);
  expect("sink_mass", found->sink_mass);
  expect("previous_token", found->previous_token);
  expect("duplicate_token", *found->duplicate_token);
  expect("induction", *found->induction);
  expect("mean_distance", found->mean_distance);
  expect("local_mass", found->local_mass);
  expect("max_weight", found->max_weight);
  expect("effective_support", found->effective_support);
}

INSTANTIATE_TEST_SUITE_P(Matrices, AgainstNumpy, testing::Values(0, 1, 2, 3));

TEST(HeadMetrics, RowsMayLeaveOutTheirZeros) {
  const Attention shorter = UniformCausal(11);
  Attention full = shorter;
  for (auto& row : full) row.resize(11, 0.0f);
  EXPECT_NEAR(*Measured(shorter)->query_entropy, *Measured(full)->query_entropy, 1e-15);
  EXPECT_NEAR(Measured(shorter)->mean_distance, Measured(full)->mean_distance, 1e-15);
}

TEST(HeadMetrics, APreviousTokenHead) {
  Attention attention = {{1.0f}};
  for (std::size_t query = 1; query < 10; ++query) {
    attention.emplace_back(query + 1, 0.0f);
    attention.back()[query - 1] = 1.0f;
  }
  const auto found = Measured(attention);
  EXPECT_NEAR(found->previous_token, 0.9, 1e-15);  // the first query has none
  EXPECT_EQ(*found->query_entropy, 0);
  EXPECT_EQ(found->effective_support, 1);
  EXPECT_EQ(found->max_weight, 1);
  EXPECT_NEAR(found->mean_distance, 0.9, 1e-15);
  EXPECT_NEAR(found->sink_mass, 0.2, 1e-15);
}

// A random sequence twice: the second half looks at what followed its token the first time.
TEST(HeadMetrics, AnInductionHead) {
  const std::vector<int> ids = {4, 8, 1, 9, 4, 8, 1, 9};
  const TokenMatches matches(ids);
  Attention attention;
  for (std::size_t query = 0; query < 8; ++query) {
    attention.emplace_back(query + 1, 0.0f);
    attention.back()[query < 4 ? 0 : query - 3] = 1.0f;
  }
  const auto found = Measured(attention, {0, true, 0, &matches});
  EXPECT_EQ(*found->induction, 0.5);
  EXPECT_EQ(*found->duplicate_token, 0);
}

TEST(HeadMetrics, NothingRepeatsNothingToScore) {
  const TokenMatches matches(std::vector<int>{1, 2, 3});
  EXPECT_FALSE(matches.any());
  const auto found = Measured(UniformCausal(3), {0, true, 0, &matches});
  EXPECT_FALSE(found->duplicate_token || found->induction);
  EXPECT_FALSE(Measured(UniformCausal(3))->induction);
}

TEST(HeadMetrics, DegenerateInput) {
  const auto one = Measured({{1.0f}});
  EXPECT_FALSE(one->query_entropy);
  EXPECT_EQ(one->effective_support, 1);
  EXPECT_EQ(one->previous_token, 0);
  EXPECT_NEAR(*Measured({{1.0f}, {0.5f, 0.5f}})->query_entropy, 1, 1e-15);
  EXPECT_EQ(Measured({{1.0f}, {NAN, 0.5f}}).reason(), "an attention weight is not a number");
  EXPECT_EQ(Measured({{0.0f}, {0.0f, 0.0f}}).reason(), "all attention weights are 0");
  EXPECT_EQ(Measured({}).reason(), "all attention weights are 0");
  EXPECT_NEAR(*Measured({{0.0f}, {0.5f, 0.5f}, {0.0f, 0.0f, 0.0f}})->query_entropy, 1, 1e-15);
}

TEST(HeadMetrics, ResetForgets) {
  HeadMetricsReducer reducer;
  reducer.Reset({3});
  for (const auto& row : UniformCausal(3)) reducer.Add(row);
  reducer.Reset({2});
  reducer.Add(std::vector<float>{1.0f});
  reducer.Add(std::vector<float>{0.0f, 1.0f});
  EXPECT_EQ(*reducer.Value()->query_entropy, 0);
  EXPECT_EQ(reducer.Value()->mean_distance, 0);
}

TEST(Baseline, TheUniformHeadInClosedForm) {
  for (const int tokens : {2, 3, 8, 9, 10, 37, 182}) {
    const Attention attention = UniformCausal(tokens);
    ReceivedEntropy received;
    received.Reset(tokens);
    for (const auto& row : attention) received.Add(row);
    const auto expected = UniformCausalHead(tokens);
    const auto found = Measured(attention);
    EXPECT_NEAR(received.Value(), expected->received_entropy, 1e-7);
    EXPECT_NEAR(*found->query_entropy, *expected->query_entropy, 1e-7);
    EXPECT_NEAR(found->sink_mass, expected->sink_mass, 1e-7);
    EXPECT_NEAR(found->previous_token, expected->previous_token, 1e-7);
    EXPECT_NEAR(found->mean_distance, expected->mean_distance, 1e-5);
    EXPECT_NEAR(found->local_mass, expected->local_mass, 1e-7);
    EXPECT_NEAR(found->max_weight, expected->max_weight, 1e-7);
    EXPECT_NEAR(found->effective_support, expected->effective_support, 1e-5);
  }
  EXPECT_NEAR(UniformCausalHead(37)->received_entropy, 0.891, 5e-4);
}

TEST(Baseline, OneTokenAndNone) {
  EXPECT_EQ(UniformCausalHead(1)->received_entropy, 0);
  EXPECT_FALSE(UniformCausalHead(1)->query_entropy);
  EXPECT_EQ(UniformCausalHead(1)->sink_mass, 1);
  EXPECT_EQ(UniformCausalHead(0).reason(), "no tokens");
}

TEST(Log2, AsTheLibraryToTheLastDigits) {
  for (float weight = std::numeric_limits<float>::min(); weight <= 1.0f; weight *= 1.0173f) {
    const double expected = std::log2(static_cast<double>(weight));
    EXPECT_NEAR(Log2(weight), expected, 2e-15 * std::max(1.0, std::abs(expected))) << weight;
  }
  for (const float weight : {1.0f, 0.5f, 0.25f, 0x1p-126f, 2.0f}) EXPECT_EQ(Log2(weight), std::log2(weight));
  // Near 1 the relative error counts.
  const float almost = std::nextafter(1.0f, 0.0f);
  EXPECT_NEAR(Log2(almost) / std::log2(static_cast<double>(almost)), 1, 1e-15);
  EXPECT_EQ(0.0 * Log2(0.0f), 0.0);
  const float tiny = std::numeric_limits<float>::denorm_min();
  EXPECT_LT(std::abs(static_cast<double>(tiny) * Log2(tiny)), 1e-40);
}

}  // namespace
}  // namespace headspec::metrics
