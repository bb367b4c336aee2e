// Every family against the reference: tiny random checkpoints with its switches on, tests/golden/families.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <random>
#include <set>

#include "engine/forward.h"
#include "experiment/precision.h"
#include "experiment/sinks.h"
#include "golden.h"
#include "headspec/plans.h"
#include "metrics/specialization.h"
#include "model/family.h"

namespace headspec::experiment {
namespace {

constexpr double kExact = 1e-6;  // float32 everywhere; all precisions in layer 0

std::filesystem::path FamiliesFolder() { return golden::Folder() / "families"; }

// Checkpoints that transformers measures and headspec refuses; families/ tests say with what words.
bool IsRefused(const std::string& name) { return name.starts_with("bert-relative-key"); }

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(FamiliesFolder())) {
    const std::string name = entry.path().filename().string();
    if (std::filesystem::exists(entry.path() / "config.json") && !IsRefused(name)) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

nlohmann::json Expected(const std::string& name) {
  return golden::ReadJson(FamiliesFolder() / name / "expected.json");
}

// The reference's distance from itself in other orders of addition, per layer.
std::vector<double> Floor(const nlohmann::json& run) {
  auto floor = run.at("floor").at("entropy_max").get<std::vector<double>>();
  const auto reversed = run.at("floor_reversed").at("entropy_max").get<std::vector<double>>();
  for (std::size_t i = 0; i < floor.size(); ++i) floor[i] = std::max(floor[i], reversed[i]);
  return floor;
}

// As for the Phi checkpoints: four times the largest distance that the reference has from itself, over all
// checkpoints and layers of a precision.
double DeepBound(const std::string& dtype) {
  static std::map<std::string, double> bounds;
  if (const auto found = bounds.find(dtype); found != bounds.end()) return found->second;
  double largest = 0;
  for (const std::string& name : Names()) {
    for (const double distance : Floor(Expected(name).at("runs").at(dtype)))
      largest = std::max(largest, distance);
  }
  return bounds[dtype] = 4 * largest;
}

Table Measure(const model::Model& model, const nlohmann::json& expected, const std::string& dtype) {
  const auto ids = expected.at("token_ids").get<std::vector<std::vector<int>>>();
  engine::ForwardOptions options;
  options.type = options.score_type = TypeOf(ParsePrecision(dtype, "test"));
  EntropySink sink(static_cast<int>(ids.size()), model.config().layers, model.config().heads);
  engine::Forward(model, ids, sink, options);
  return metrics::MeanTable(sink.per_prompt());
}

// Layer 0 follows from the rounding points alone, unless the reference itself moves there with the order of
// sums.
double LayerBound(const nlohmann::json& run, const std::string& dtype, std::size_t layer) {
  if (dtype == "float32") return kExact;
  return layer == 0 ? std::max(kExact, 4 * Floor(run).front()) : DeepBound(dtype);
}

// How far the index may move when entropies move by what a float resolves: the reference computes them in
// float, and heads with almost constant profiles turn that into more.
double IndexBound(const Table& entropies) {
  constexpr double kFloatStep = 6e-8;
  const double exact = metrics::ComputeSpecialization(entropies).index;
  std::mt19937 random(1);
  double largest = kExact;
  for (int draw = 0; draw < 64; ++draw) {
    Table moved = entropies;
    for (auto& row : moved) {
      for (double& value : row) value += random() % 2 == 0 ? kFloatStep : -kFloatStep;
    }
    largest = std::max(largest, std::abs(metrics::ComputeSpecialization(moved).index - exact));
  }
  return largest;
}

class GoldenFamily : public testing::TestWithParam<std::tuple<std::string, std::string>> {};

TEST_P(GoldenFamily, AgreesWithTheReference) {
  const auto& [name, dtype] = GetParam();
  const auto expected = Expected(name);
  const auto& run = expected.at("runs").at(dtype);
  const model::Model model = model::Model::Open(FamiliesFolder() / name);
  const Table found = Measure(model, expected, dtype);
  ASSERT_EQ(found.size(), run.at("entropies").size());
  for (std::size_t layer = 0; layer < found.size(); ++layer) {
    EXPECT_LE(golden::LayerDistance(found, run.at("entropies"), layer), LayerBound(run, dtype, layer))
        << "layer " << layer;
  }
  const double si = metrics::ComputeSpecialization(found).index;
  if (dtype == "float32") {
    EXPECT_LE(std::abs(si - run.at("si").get<double>()), IndexBound(run.at("entropies").get<Table>()));
  }
  golden::RecordParity(name, dtype, "", found, si, run);
}

std::string TestName(const testing::TestParamInfo<GoldenFamily::ParamType>& info) {
  std::string name = std::get<0>(info.param) + "_" + std::get<1>(info.param);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Checkpoints, GoldenFamily,
                         testing::Combine(testing::ValuesIn(Names()),
                                          testing::Values("float32", "bfloat16", "float16")),
                         TestName);

// One rounding point of a family put wrong must show in layer 0: the tests above would not pass with it.
struct WrongRule {
  std::string what;
  std::string checkpoint;
  void (*change)(model::ModelConfig&);
};

const WrongRule kWrongRules[] = {
    {"Llama's norm rounded once", "llama-mha",
     [](model::ModelConfig& c) { c.norm = model::Norm::kRmsOneRounding; }},
    {"OLMo 2's norm rounded twice", "olmo2",
     [](model::ModelConfig& c) { c.qk_norm_kind = model::Norm::kRmsTwoRoundings; }},
    {"OLMo's rotation rounded after each operation", "olmo",
     [](model::ModelConfig& c) { c.rotaries[0].rounding = model::RotaryRounding::kEachOperation; }},
    {"Cohere's rotary tables not rounded", "cohere",
     [](model::ModelConfig& c) { c.rotaries[0].rounding = model::RotaryRounding::kOnce; }},
    {"CodeGen's rotation rounded", "codegen",
     [](model::ModelConfig& c) { c.rotaries[0].rounding = model::RotaryRounding::kEachOperation; }},
    {"GPT-J's frequencies in float", "gptj",
     [](model::ModelConfig& c) { c.rotaries[0].frequencies_in_type = false; }},
    {"GPT-2's divisor not rounded", "gpt2-inverse-layer",
     [](model::ModelConfig& c) { c.scores.scale = model::Scores::Scale::kDivide; }},
    {"OPT's scores scaled instead of its queries", "opt-standard",
     [](model::ModelConfig& c) { c.scores.scale = model::Scores::Scale::kMultiply; }},
    {"Bloom's scores rounded before the bias", "bloom",
     [](model::ModelConfig& c) { c.scores.scale = model::Scores::Scale::kMultiply; }},
    {"Falcon's bias fused into the product", "falcon-rw-alibi",
     [](model::ModelConfig& c) { c.is_bias_rounded_apart = false; }},
    {"MPT's biased scores rounded", "mpt-six-heads",
     [](model::ModelConfig& c) {
       c.alibi = model::Alibi::kInProduct;
       c.scores.scale = model::Scores::Scale::kInProduct;
     }},
    {"Gemma's multiplier not rounded", "gemma-mqa",
     [](model::ModelConfig& c) { c.is_multiplier_rounded = false; }},
    {"Gemma's norm rounded before its weight", "gemma-mqa",
     [](model::ModelConfig& c) { c.norm = model::Norm::kRmsTwoRoundings; }},
    {"SmolLM3's first layer rotated", "smollm3-layer-types",
     [](model::ModelConfig& c) { c.layer[0].rotary = 0; }},
    {"SmolLM3's switch obeyed against its layer_types", "smollm3-layer-types",
     [](model::ModelConfig& c) { c.layer[0].window = 0; }},
};

TEST(GoldenFamilies, WrongRoundingPointsAreCaught) {
  for (const WrongRule& wrong : kWrongRules) {
    const auto expected = Expected(wrong.checkpoint);
    const auto& run = expected.at("runs").at("bfloat16");
    const auto folder = FamiliesFolder() / wrong.checkpoint;
    const auto distance = [&](const model::Model& model) {
      return golden::LayerDistance(Measure(model, expected, "bfloat16"), run.at("entropies"), 0);
    };
    EXPECT_LE(distance(model::Model::Open(folder)), LayerBound(run, "bfloat16", 0)) << wrong.what;
    const double caught = distance(model::Model::Open(folder, wrong.change));
    EXPECT_GT(caught, LayerBound(run, "bfloat16", 0)) << wrong.what;
    std::printf("%-50s layer 0 off by %.2g\n", wrong.what.c_str(), caught);
  }
}

// No family is in the table without a checkpoint that holds it to the reference. Phi's are beside the
// families'.
TEST(GoldenFamilies, EveryFamilyHasACheckpoint) {
  std::set<std::string> held = {"phi", "gemma3"};
  for (const std::string& name : Names()) {
    held.insert(
        golden::ReadJson(FamiliesFolder() / name / "config.json").at("model_type").get<std::string>());
  }
  for (const model::Family* family : model::Families()) {
    const auto is_held = [&](std::string_view type) { return held.contains(std::string(type)); };
    EXPECT_TRUE(std::any_of(family->model_types.begin(), family->model_types.end(), is_held))
        << family->model_types.front();
  }
}

}  // namespace
}  // namespace headspec::experiment
