// The head metrics of whole measurements against numpy over the reference's attention, and the sequence that
// induction is measured on.
#include "experiment/head_metrics_sink.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "experiment/induction.h"
#include "experiment/measurement.h"
#include "experiment/pass.h"
#include "experiment/subject.h"
#include "golden.h"
#include "headspec/plans.h"

namespace headspec::experiment {
namespace {

constexpr double kTolerance = 2e-6;  // float32 attention, sums in another order

void ExpectNear(const Table& found, const nlohmann::json& expected, const std::string& what) {
  ASSERT_EQ(found.size(), expected.size()) << what;
  for (std::size_t layer = 0; layer < found.size(); ++layer) {
    ASSERT_EQ(found[layer].size(), expected[layer].size()) << what;
    for (std::size_t head = 0; head < found[layer].size(); ++head) {
      const auto& value = expected[layer][head];
      if (value.is_null())
        EXPECT_TRUE(std::isnan(found[layer][head])) << what;
      else
        EXPECT_NEAR(found[layer][head], value.get<double>(), kTolerance * std::max(1.0, value.get<double>()))
            << what << ", layer " << layer << ", head " << head;
    }
  }
}

// The families' checkpoints have one tokenizer for all.
Subject Golden(const std::string& name) {
  const auto folder = golden::Folder() / name;
  const bool is_family = name.starts_with("families/");
  return {.folder = folder,
          .repository = "",
          .commit = "",
          .model = model::Model::Open(folder),
          .tokenizer = text::Tokenizer::Load(is_family ? golden::Folder() / "families/tokenizer" : folder),
          .stamps = StampFolder(folder)};
}

class HeadMetricsOfACheckpoint : public testing::TestWithParam<std::string> {
 protected:
  const nlohmann::json golden_ = golden::ReadJson(golden::Folder() / "head_metrics.json");
  const nlohmann::json expected_ = golden_.at("checkpoints").at(GetParam());
  const Subject subject_ = Golden(GetParam());
  Observer nobody_;
};

TEST_P(HeadMetricsOfACheckpoint, AreThoseOfTheReference) {
  const auto prompts = golden_.at("prompts").get<std::vector<std::string>>();
  const PassRequest request{.precision = Precision::kFloat32,
                            .head_metrics = true,
                            .induction = expected_.at("induction_ids").get<std::vector<int>>()};
  const Protocol protocol = DefaultProtocol();
  const Pass pass =
      RunPass(subject_, Tokenise(subject_, prompts, 128, false).ids, protocol, request, nobody_);
  ASSERT_EQ(pass.result.per_prompt.size(), prompts.size());
  ASSERT_EQ(pass.result.head_metrics.size(), std::size(kPromptMetrics) + 1);
  for (const HeadMetric& metric : pass.result.head_metrics) {
    if (metric.name == kInduction) {
      ASSERT_EQ(metric.per_prompt.size(), 1u);
      ExpectNear(metric.per_prompt.front(), expected_.at("induction"), metric.name);
      continue;
    }
    ASSERT_EQ(metric.per_prompt.size(), prompts.size());
    for (std::size_t p = 0; p < prompts.size(); ++p)
      ExpectNear(metric.per_prompt[p], expected_.at("metrics").at(metric.name).at(p), metric.name);
  }
}

// One more prompt or none, more sinks or fewer: the experiment's own numbers have the same bits.
TEST_P(HeadMetricsOfACheckpoint, LeaveTheEntropiesAlone) {
  Protocol protocol = DefaultProtocol();
  ModelEntry entry;
  const MeasurementSettings settings{.precision = Precision::kBFloat16};
  const auto measured = [&](HeadMetricSet metrics) {
    protocol.metrics = metrics;
    return MeasureModel(subject_, entry, protocol, settings, nobody_);
  };
  const ModelResult none = measured(HeadMetricSet::kNone);
  const ModelResult prompts = measured(HeadMetricSet::kPrompts);
  const ModelResult all = measured(HeadMetricSet::kAll);
  EXPECT_TRUE(none.head_metrics.empty());
  EXPECT_EQ(prompts.prompt_entropies, none.prompt_entropies);
  EXPECT_EQ(all.prompt_entropies, none.prompt_entropies);
  EXPECT_EQ(all.si_mean, none.si_mean);
  EXPECT_TRUE(prompts.induction_ids.empty());
  EXPECT_EQ(all.head_metrics.back().name, "induction");
  EXPECT_TRUE(all.head_metrics.back().per_prompt.empty());
  for (std::size_t m = 0; m < prompts.head_metrics.size(); ++m)
    EXPECT_EQ(prompts.head_metrics[m].mean, all.head_metrics[m].mean) << prompts.head_metrics[m].name;
}

TEST_P(HeadMetricsOfACheckpoint, AreAveragedOverTheHeadsOfAKeyValueGroup) {
  ModelEntry entry;
  const ModelResult found =
      MeasureModel(subject_, entry, DefaultProtocol(), {.precision = Precision::kFloat32}, nobody_);
  const std::size_t groups = static_cast<std::size_t>(found.num_kv_heads);
  ASSERT_GT(groups, 1u);
  const std::size_t size = static_cast<std::size_t>(found.num_heads) / groups;
  double sum = 0;
  for (std::size_t head = size; head < 2 * size; ++head) sum += found.head_metrics[2].mean[1][head];
  EXPECT_NEAR(found.head_metrics[2].kv_group_means.at(1).at(1), sum / static_cast<double>(size), 1e-15);
  EXPECT_EQ(found.kv_group_entropies, KvGroupMeans(found.head_entropies, found.num_kv_heads));
  EXPECT_EQ(found.kv_group_entropies.front().size(), groups);
}

INSTANTIATE_TEST_SUITE_P(Checkpoints, HeadMetricsOfACheckpoint,
                         testing::Values("checkpoints/phi-gqa-qknorm-fp16", "families/mistral-window"),
                         [](const auto& tested) {
                           return std::string(tested.index == 0 ? "Phi" : "Mistral");
                         });

TEST(KvGroupMeans, AreForGroupsOfSeveralHeads) {
  const Table table = {{1, 3, 5, 9}};
  EXPECT_EQ(KvGroupMeans(table, 2), (Table{{2, 7}}));
  EXPECT_TRUE(KvGroupMeans(table, 1).empty());
  EXPECT_TRUE(KvGroupMeans(table, 4).empty());
  EXPECT_TRUE(KvGroupMeans({}, 2).empty());
}

TEST(InductionSequence, IsTwiceTheSameRandomOrdinaryTokens) {
  for (const std::string name : {"checkpoints/phi-mha", "families/llama-mha", "families/gpt2-plain"}) {
    const Subject subject = Golden(name);
    const auto found = InductionSequence(subject.model.config(), subject.tokenizer, 128);
    ASSERT_TRUE(found) << name;
    const auto prefix = static_cast<std::ptrdiff_t>(subject.tokenizer.Encode("a", 0).special_prefix);
    ASSERT_EQ(std::ssize(*found), prefix + 50) << name;
    const auto middle = found->begin() + prefix + 25;
    EXPECT_TRUE(std::equal(found->begin() + prefix, middle, middle, found->end())) << name;
    EXPECT_EQ((std::set<int>(middle, found->end()).size()), 25u) << name;
    for (auto id = middle; id != found->end(); ++id) EXPECT_TRUE(subject.tokenizer.IsOrdinary(*id)) << *id;
    for (auto id = found->begin(); id != found->begin() + prefix; ++id)
      EXPECT_FALSE(subject.tokenizer.IsOrdinary(*id)) << *id;
    EXPECT_EQ(*InductionSequence(subject.model.config(), subject.tokenizer, 128), *found);
  }
}

TEST(InductionSequence, FitsIntoWhatTheModelTakes) {
  const Subject subject = Golden("checkpoints/phi-mha");
  model::ModelConfig config = subject.model.config();
  EXPECT_EQ(InductionSequence(config, subject.tokenizer, 9)->size(), 8u);
  config.positions = 13;
  config.position_offset = 2;
  EXPECT_EQ(InductionSequence(config, subject.tokenizer, 128)->size(), 10u);
  config.most_tokens = 6;
  EXPECT_EQ(InductionSequence(config, subject.tokenizer, 128)->size(), 6u);
  const auto none = InductionSequence(config, subject.tokenizer, 3);
  EXPECT_FALSE(none);
  EXPECT_EQ(none.reason(), "no room or vocabulary for a repeated sequence of two tokens");
}

}  // namespace
}  // namespace headspec::experiment
