// The pair protocol: the published pairs from their entropies alone, planted differences, and input that is
// no pair.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "error_of.h"
#include "experiment/precision.h"
#include "headspec/comparison.h"
#include "headspec/plans.h"
#include "temporary_folder.h"

namespace headspec {
namespace {

using Json = nlohmann::json;

constexpr double kPublished = 1e-9;
constexpr const char* kFiles[] = {"E11T_gqa_comparison_20260113_181926.json",
                                  "E11_territorial_collapse_mistral_20260113_182026.json",
                                  "E11_falcon_territorial_collapse_20260113_195443.json"};

std::string Published(const char* file) {
  return (std::filesystem::path(HEADSPEC_TEST_DATA) / "data/published" / file).string();
}

Comparison CompareFiles(const std::vector<std::string>& names, bool strict = false) {
  Plan plan;
  plan.protocol = DefaultProtocol();
  for (const std::string& name : names) {
    ModelEntry entry;
    entry.name = entry.display = name;
    plan.ladder.push_back(entry);
  }
  Observer nobody;
  RunOptions options;
  options.strict = strict;
  return Compare(plan, options, nobody);
}

void ExpectNear(const std::optional<double>& found, const Json& stated, const char* key) {
  ASSERT_TRUE(found) << key;
  EXPECT_NEAR(*found, stated.at(key).get<double>(), kPublished) << key;
}

void ExpectList(const std::vector<double>& found, const Json& stated) {
  ASSERT_EQ(found.size(), stated.size());
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], stated[i].get<double>(), kPublished);
}

void ExpectSide(const PairSide& side, const Json& model) {
  const Json& stated = model.at("specialization");
  ExpectNear(side.specialization_index, stated, "specialization_index");
  ExpectNear(side.mean_head_correlation, stated, "mean_head_correlation");
  ExpectNear(side.mean_head_variance, stated, "mean_head_variance");
  ExpectNear(side.effective_heads, stated, "effective_heads");
  ExpectNear(side.effective_ratio, stated, "effective_ratio");
  ExpectNear(side.early_variance, stated, "early_variance");
  ExpectNear(side.middle_variance, stated, "middle_variance");
  ExpectNear(side.late_variance, stated, "late_variance");
  ExpectList(side.layer_variances, stated.at("layer_variances"));
  EXPECT_EQ(side.layers, stated.at("num_layers").get<int>());
  EXPECT_EQ(side.heads, stated.at("num_heads").get<int>());
  const Json& matrix = stated.at("head_correlation_matrix");
  ASSERT_EQ(side.head_correlation.size(), matrix.size());
  for (std::size_t head = 0; head < matrix.size(); ++head)
    ExpectList(side.head_correlation[head], matrix[head]);
  ASSERT_EQ(side.groups.has_value(), model.contains("gqa_metrics"));
  if (!side.groups) return;
  const Json& groups = model.at("gqa_metrics");
  ExpectNear(side.groups->within, groups, "within_group_variance");
  ExpectNear(side.groups->between, groups, "between_group_variance");
  ExpectNear(side.groups->ratio, groups, "within_between_ratio");
  EXPECT_EQ(side.groups->group_size, groups.at("group_size").get<int>());
  EXPECT_EQ(side.groups->groups, groups.at("num_kv_groups").get<int>());
  ExpectList(side.groups->per_group,
             model.at("seed_results").at(0).at("gqa_metrics").at("per_group_variances"));
}

class PublishedPair : public testing::TestWithParam<const char*> {};

TEST_P(PublishedPair, ComesOutOfItsEntropies) {
  const std::string file = Published(GetParam());
  std::ifstream in(file);
  const Json results = Json::parse(in).at("results");
  for (const auto& arguments : {std::vector{file}, std::vector{file, file}}) {
    const Comparison pair = CompareFiles(arguments);
    ExpectSide(pair.base, results.at("base"));
    ExpectSide(pair.tuned, results.at("instruct"));
    const Json& verdict = results.at("verdict");
    EXPECT_EQ(pair.verdict.code, verdict.at("code").get<std::string>());
    // Falcon's file has 0 for false.
    EXPECT_EQ(pair.verdict.specialization_decreased, verdict.at("specialization_decreased") == true);
    EXPECT_EQ(pair.verdict.correlation_increased, verdict.at("correlation_increased").get<bool>());
    EXPECT_EQ(pair.verdict.variance_decreased, verdict.at("variance_decreased").get<bool>());
    EXPECT_EQ(pair.deltas.size() == 4, verdict.contains("delta_gqa_ratio"));
    for (const PairDelta& delta : pair.deltas) {
      EXPECT_NEAR(delta.value, verdict.at("delta_" + delta.name).get<double>(), kPublished) << delta.name;
      EXPECT_EQ(delta.why_no_bootstrap, "only the mean over prompts was stored");
    }
    EXPECT_EQ(pair.prompt_md5, "715065bab181f46bf12ed471951141e2");
    EXPECT_EQ(pair.num_prompts, 10);
  }
}

INSTANTIATE_TEST_SUITE_P(Files, PublishedPair, testing::ValuesIn(kFiles),
                         [](const auto& test) { return fmt::format("file_{}", test.index); });

TEST(Comparison, SaysThatTheLargestPublishedEffectIsOneOfDepth) {
  const Comparison pair = CompareFiles({Published(kFiles[0])});
  const ShuffleNull& null = *pair.deltas[0].null;
  EXPECT_LT(std::abs(*null.z), 2);
  EXPECT_GT(null.p, 0.05);
  EXPECT_NE(pair.deltas[0].null_reading.find("it reflects a change over depth"), std::string::npos)
      << pair.deltas[0].null_reading;
  EXPECT_NEAR(pair.deltas[1].null->mean, -null.mean, 1e-12);
  EXPECT_EQ(pair.deltas[2].why_no_null, "only the mean over prompts was stored");
}

// Stored results of `measure`, as far as they are read: (P)(L, H) with one row of heads the mirror of
// another.
std::string Stored(int prompts, double tilt, const std::string& md5 = "m", int layers = 4) {
  Json per_prompt = Json::array(), mean = Json::array();
  for (int p = 0; p < prompts; ++p) {
    Json table = Json::array();
    for (int layer = 0; layer < layers; ++layer) {
      Json row = Json::array();
      for (int head = 0; head < 3; ++head)
        row.push_back(0.5 + tilt * (head - 1) * layer / 10 + 0.01 * ((layer * 7 + head * 3 + p * 5) % 11));
      table.push_back(row);
    }
    per_prompt.push_back(table);
  }
  mean = per_prompt[0];
  for (int layer = 0; layer < layers; ++layer) {
    for (int head = 0; head < 3; ++head) {
      double sum = 0;
      for (int p = 0; p < prompts; ++p) sum += per_prompt[p][layer][head].get<double>();
      mean[layer][head] = sum / prompts;
    }
  }
  const Json model = {{"display", "m"},
                      {"num_kv_heads", 3},
                      {"head_entropies", mean},
                      {"head_entropies_per_prompt", per_prompt}};
  return Json{{"methodology", {{"prompt_md5", md5}, {"padding", false}}}, {"results", {model}}}.dump();
}

class StoredPair : public TemporaryFolderTest {};

TEST_F(StoredPair, ResamplesPromptsOfBothTogether) {
  const Comparison pair = CompareFiles(
      {Write("base.json", Stored(6, 0.4)).string(), Write("tuned.json", Stored(6, 0.1)).string()});
  for (const PairDelta& delta : pair.deltas) {
    ASSERT_TRUE(delta.bootstrap) << delta.name << delta.why_no_bootstrap;
    EXPECT_LE(delta.bootstrap->percentile_95.low, delta.value);
    EXPECT_GE(delta.bootstrap->percentile_95.high, delta.value);
  }
  EXPECT_EQ(pair.verdict.variance_decreased, true);
  EXPECT_LT(pair.deltas[2].bootstrap->percentile_95.high, 0);
  ASSERT_TRUE(pair.deltas[2].null);
  EXPECT_EQ(pair.deltas[2].null->shuffles, 64);
  EXPECT_NEAR(pair.deltas[2].null->p, 2.0 * 2 / 65, 1e-12);  // the observed way is the most extreme of all
}

TEST_F(StoredPair, GivesTheSameForOneFileOfBoth) {
  const std::string base = Stored(4, 0.4), tuned = Stored(4, 0.1);
  Json both = Json::parse(base);
  both["results"].push_back(Json::parse(tuned)["results"][0]);
  const Comparison one = CompareFiles({Write("both.json", both.dump()).string()});
  const Comparison two =
      CompareFiles({Write("base.json", base).string(), Write("tuned.json", tuned).string()});
  ASSERT_EQ(one.deltas.size(), two.deltas.size());
  for (std::size_t i = 0; i < one.deltas.size(); ++i) EXPECT_EQ(one.deltas[i].value, two.deltas[i].value);
}

TEST_F(StoredPair, DiffersInLayersAndSaysSo) {
  const Comparison pair = CompareFiles(
      {Write("base.json", Stored(4, 0.4)).string(), Write("tuned.json", Stored(4, 0.1, "m", 6)).string()});
  EXPECT_FALSE(pair.map_difference);
  EXPECT_EQ(pair.notes.back(),
            "no difference of the head maps: base has 4 layers x 3 heads, tuned has 6 x 3");
  EXPECT_TRUE(pair.deltas[0].bootstrap);
  EXPECT_EQ(pair.deltas[2].why_no_null, "the models differ in layers or heads");
}

TEST_F(StoredPair, ThatMixesBosWarnsAndIsRefusedWhereStrict) {
  const auto with_bos = [](double tilt, bool adds_bos) {
    Json json = Json::parse(Stored(4, tilt));
    json["results"][0]["display"] = adds_bos ? "with" : "without";
    json["results"][0]["provenance"] = {
        {"adds_bos", adds_bos}, {"has_chat_template", false}, {"chat_template_applied", false}};
    return json.dump();
  };
  Write("base.json", with_bos(0.4, true));
  Write("tuned.json", with_bos(0.1, false));
  const std::string mix =
      "this pair mixes models with a beginning-of-sequence token (with) and without (without): the attention "
      "sink falls on BOS in the one and on the first word in the other; compare them with care";
  EXPECT_EQ(CompareFiles({At("base.json"), At("tuned.json")}).warnings, std::vector{mix});
  EXPECT_EQ(ErrorOf([&] {
              CompareFiles({At("base.json"), At("tuned.json")}, true);
            }),
            "kInput: --strict: " + mix + "; compare like with like, or leave out --strict");
}

TEST_F(StoredPair, OfOnePromptHasNoInterval) {
  const Comparison pair = CompareFiles(
      {Write("base.json", Stored(1, 0.4)).string(), Write("tuned.json", Stored(1, 0.1)).string()});
  EXPECT_EQ(pair.deltas[0].why_no_bootstrap, "base: one prompt: nothing to resample");
  EXPECT_EQ(pair.deltas[2].why_no_null, "one prompt: nothing to exchange");
}

TEST_F(StoredPair, OfDifferentPromptsIsRefused) {
  Write("base.json", Stored(4, 0.4, "aa"));
  Write("tuned.json", Stored(4, 0.1, "bb"));
  EXPECT_EQ(ErrorOf([&] {
              CompareFiles({At("base.json"), At("tuned.json")});
            }),
            fmt::format("kInput: base and tuned have different prompts: expected MD5 aa ({}), found bb ({}); "
                        "measure both with the same --prompts",
                        At("base.json"), At("tuned.json")));
}

TEST_F(StoredPair, IsRefusedWhereItIsNone) {
  Write("base.json", Stored(4, 0.4));
  EXPECT_EQ(
      ErrorOf([&] { CompareFiles({At("base.json")}); }),
      fmt::format("kInput: {}: expected the results of two models, found 1 (m); name the tuned model too",
                  At("base.json")));
  Json three = Json::parse(Stored(4, 0.4));
  for (int i = 0; i < 2; ++i) three["results"].push_back(three["results"][0]);
  Write("three.json", three.dump());
  EXPECT_EQ(ErrorOf([&] {
              CompareFiles({At("three.json"), At("base.json")});
            }),
            fmt::format("kInput: {}: expected one model or a pair, found 3 (m, m, m); measure them apart",
                        At("three.json")));
  EXPECT_EQ(ErrorOf([&] { CompareFiles({"a-folder"}); }),
            "kInput: a-folder: a base model without a tuned one; name both, or a file that holds the results "
            "of both");
}

TEST_F(StoredPair, WithoutNumbersIsRefused) {
  Json broken = Json::parse(Stored(2, 0.4));
  broken["results"][0]["head_entropies"][1][2] = nullptr;
  Write("broken.json", broken.dump());
  EXPECT_EQ(
      ErrorOf([&] {
        CompareFiles({At("broken.json"), At("broken.json")});
      }),
      fmt::format("kInput: {}: /results/0/head_entropies: layer 1, head 2: expected a number, found null; "
                  "give JSON with an \"entropies\" matrix (layers by heads), .npy or .npz",
                  At("broken.json")));
  Json constant = Json::parse(Stored(2, 0.4));
  constant["results"][0]["head_entropies"] = {{0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}};
  constant["results"][0].erase("head_entropies_per_prompt");
  Write("constant.json", constant.dump());
  EXPECT_EQ(ErrorOf([&] {
              CompareFiles({At("constant.json"), At("constant.json")});
            }),
            "kRun: m and m: the index of the base model is not defined; fewer than two heads vary over its "
            "layers, so there is no difference to judge");
}

}  // namespace
}  // namespace headspec
