// The E11 pair protocol against every field of the published files, from their entropies alone.
#include "metrics/pair.h"

#include <gtest/gtest.h>

#include <cmath>
#include <optional>

#include "published.h"

namespace headspec::metrics {
namespace {

constexpr double kClose = 1e-12;

void ExpectNear(const nlohmann::json& expected, double found) {
  EXPECT_NEAR(found, expected.get<double>(), kClose);
}

void ExpectNear(const nlohmann::json& expected, const std::optional<double>& found) {
  ASSERT_TRUE(found);
  ExpectNear(expected, *found);
}

void ExpectNear(const nlohmann::json& expected, const std::vector<double>& found) {
  ASSERT_EQ(expected.size(), found.size());
  for (std::size_t i = 0; i < found.size(); ++i) ExpectNear(expected.at(i), found[i]);
}

void ExpectSpecialization(const nlohmann::json& expected, const HeadSummary& found) {
  ExpectNear(expected.at("specialization_index"), found.specialization.index);
  ExpectNear(expected.at("mean_head_correlation"), found.specialization.mean_correlation);
  ExpectNear(expected.at("mean_head_variance"), found.mean_variance);
  ExpectNear(expected.at("effective_heads"), found.effective_heads);
  ExpectNear(expected.at("effective_ratio"), found.effective_ratio);
  ExpectNear(expected.at("layer_variances"), found.layer_variances);
  ExpectNear(expected.at("early_variance"), found.early_variance);
  ExpectNear(expected.at("middle_variance"), found.middle_variance);
  ExpectNear(expected.at("late_variance"), found.late_variance);
  for (std::size_t head = 0; head < found.specialization.correlation.size(); ++head)
    ExpectNear(expected.at("head_correlation_matrix").at(head), found.specialization.correlation[head]);
  EXPECT_EQ(expected.at("num_layers"), found.layers);
  EXPECT_EQ(expected.at("num_heads"), found.heads);
}

void ExpectGroups(const nlohmann::json& expected, const std::optional<GroupVariances>& found) {
  ASSERT_TRUE(found);
  ExpectNear(expected.at("within_group_variance"), found->within);
  ExpectNear(expected.at("between_group_variance"), found->between);
  ExpectNear(expected.at("within_between_ratio"), found->ratio);
  EXPECT_EQ(expected.at("group_size"), found->group_size);
  EXPECT_EQ(expected.at("num_kv_groups"), found->groups);
  if (expected.contains("per_group_variances"))
    ExpectNear(expected.at("per_group_variances"), found->per_group);
}

HeadSummary ExpectModel(const nlohmann::json& model, int key_value_heads) {
  const HeadSummary summary = *SummarizeHeads(Entropies(model), key_value_heads);
  ExpectSpecialization(model.at("specialization"), summary);
  EXPECT_EQ(summary.groups.has_value(), model.contains("gqa_metrics"));
  EXPECT_NEAR(*MeanHeadVariance(Entropies(model)), summary.mean_variance, kClose);
  const auto ratio = GroupRatio(Entropies(model), key_value_heads);
  EXPECT_EQ(ratio, summary.groups ? summary.groups->ratio : std::nullopt);
  if (model.contains("gqa_metrics")) ExpectGroups(model.at("gqa_metrics"), summary.groups);
  for (const auto& seed : model.at("seed_results")) {
    if (seed.contains("specialization")) ExpectSpecialization(seed.at("specialization"), summary);
    if (seed.contains("gqa_metrics")) ExpectGroups(seed.at("gqa_metrics"), summary.groups);
  }
  return summary;
}

class Published : public testing::TestWithParam<PublishedPair> {};

TEST_P(Published, EveryFieldFromTheEntropies) {
  const auto results = ReadPublished(GetParam());
  const HeadSummary base = ExpectModel(results.at("base"), GetParam().key_value_heads);
  const HeadSummary tuned = ExpectModel(results.at("instruct"), GetParam().key_value_heads);
  const auto pair = ComparePair(base, tuned);
  ASSERT_TRUE(pair);
  const auto& verdict = results.at("verdict");
  EXPECT_EQ(verdict.at("code"), CodeOf(pair->verdict));
  ExpectNear(verdict.at("delta_specialization"), pair->index_delta);
  ExpectNear(verdict.at("delta_correlation"), pair->correlation_delta);
  ExpectNear(verdict.at("delta_variance"), pair->variance_delta);
  if (verdict.contains("delta_gqa_ratio")) ExpectNear(verdict.at("delta_gqa_ratio"), pair->group_ratio_delta);
  const auto flag = [&](const char* key) {  // Falcon's file writes 0 for false
    return verdict.at(key).is_boolean() ? verdict.at(key).get<bool>() : verdict.at(key).get<int>() != 0;
  };
  EXPECT_EQ(flag("specialization_decreased"), pair->index_decreased);
  EXPECT_EQ(flag("correlation_increased"), pair->correlation_increased);
  EXPECT_EQ(flag("variance_decreased"), pair->variance_decreased);
}

INSTANTIATE_TEST_SUITE_P(Pairs, Published, testing::ValuesIn(kPublished),
                         [](const auto& test) { return std::string(test.param.name).substr(0, 5); });

PairVerdict VerdictOf(const Table& base, const Table& tuned) {
  return ComparePair(*SummarizeHeads(base, 2), *SummarizeHeads(tuned, 2))->verdict;
}

TEST(ComparePair, CriteriaMet) {
  const Table apart = {{1, 1}, {2, 3}, {3, 2}}, together = {{1, 1}, {2, 3}, {3, 4.5}};
  EXPECT_EQ(VerdictOf(apart, together), PairVerdict::kConfirmed);  // correlation up, variance up
  EXPECT_EQ(VerdictOf(together, apart), PairVerdict::kPartial);    // only the variance falls
  EXPECT_EQ(VerdictOf(apart, apart), PairVerdict::kRefuted);
}

TEST(ComparePair, NoIndexNoVerdict) {
  const HeadSummary fine = *SummarizeHeads({{1, 1}, {2, 3}}, 2), one_layer = *SummarizeHeads({{1, 2}}, 2);
  EXPECT_EQ(ComparePair(one_layer, fine).reason(), "the index of the base model is not defined");
  EXPECT_EQ(ComparePair(fine, one_layer).reason(), "the index of the tuned model is not defined");
}

TEST(SummarizeHeads, DegenerateTables) {
  const HeadSummary two_layers = *SummarizeHeads({{1, 1, 1, 1}, {0, 2, 0, 2}}, 2);
  EXPECT_FALSE(two_layers.early_variance || two_layers.middle_variance);
  EXPECT_EQ(*two_layers.late_variance, 0.5);
  EXPECT_EQ(two_layers.groups->between, 0);
  EXPECT_FALSE(two_layers.groups->ratio);
  const HeadSummary zeros = *SummarizeHeads({{0}, {0}}, 1);
  EXPECT_FALSE(zeros.effective_heads || zeros.effective_ratio || zeros.groups);
  EXPECT_NEAR(*SummarizeHeads({{0, 1, 1, 0}}, 4)->effective_heads, 2, 1e-15);
}

TEST(SummarizeHeads, NoneWithAReason) {
  EXPECT_EQ(SummarizeHeads({}, 1).reason(), "no values");
  EXPECT_EQ(SummarizeHeads({{1, 2, 3}}, 2).reason(), "2 key-value heads do not divide 3 heads");
  EXPECT_EQ(SummarizeHeads({{1, 2, 3}}, 0).reason(), "0 key-value heads do not divide 3 heads");
  EXPECT_EQ(SummarizeHeads({{1, std::nan("")}}, 2).reason(), "layer 0, head 1 is not a number");
}

TEST(GroupMeans, MeansOfConsecutiveHeads) {
  EXPECT_EQ(*GroupMeans({{1, 3, 5, 9}, {0, 0, 2, 4}}, 2), (Table{{2, 7}, {0, 3}}));
  EXPECT_EQ(*GroupMeans({{1, 3}}, 2), (Table{{1, 3}}));
  EXPECT_EQ(GroupMeans({{1, 3}}, 3).reason(), "3 key-value heads do not divide 2 heads");
}

}  // namespace
}  // namespace headspec::metrics
