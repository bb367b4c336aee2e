#include "experiment/uniformity.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "error_of.h"
#include "experiment/golden.h"
#include "headspec/plans.h"
#include "headspec/run.h"
#include "temporary_folder.h"

namespace headspec::experiment {
namespace {

namespace fs = std::filesystem;
using Facts = std::vector<TokenFacts>;

const std::string kBos =
    "this ladder mixes models with a beginning-of-sequence token (a, b) and without (c): the attention sink "
    "falls on BOS in the one and on the first word in the other; compare them with care";
const std::string kTemplate =
    "this ladder mixes models with a chat template (a) and without (b, c): models tuned for conversation and "
    "base models differ in more than size; compare them with care";
const std::string kApplied =
    "this ladder mixes models with their chat template applied (a) and without (b, c): the template's tokens "
    "take attention in the one, and the other sees the prompts alone; compare them with care";

TEST(MixWarnings, SayNothingWhereModelsAgree) {
  EXPECT_TRUE(MixWarnings(Facts{}).empty());
  EXPECT_TRUE(MixWarnings(Facts{{"a", true, true, false}}).empty());
  EXPECT_TRUE(MixWarnings(Facts{{"a", true, true, true}, {"b", true, true, true}}).empty());
  EXPECT_TRUE(MixWarnings(Facts{{"a", false, false, false}, {"b", false, false, false}}).empty());
}

TEST(MixWarnings, NameTheModelsOfEachKind) {
  EXPECT_EQ(MixWarnings(Facts{{"a", true}, {"b", true}, {"c", false}}), std::vector<std::string>{kBos});
  EXPECT_EQ(MixWarnings(Facts{{"a", false, true}, {"b"}, {"c"}}), std::vector<std::string>{kTemplate});
  EXPECT_EQ(MixWarnings(Facts{{"a", true, true, true}, {"b", true}, {"c"}}),
            (std::vector<std::string>{kBos, kApplied}));
}

TEST(MixWarnings, LeaveOutFailedModels) {
  std::vector<ModelResult> models(2);
  models[0].display = "a";
  models[0].provenance.adds_bos = true;
  models[1].display = "b";
  EXPECT_EQ(MixWarnings(models).size(), 1u);
  models[1].error = "out of memory";
  EXPECT_TRUE(MixWarnings(models).empty());
}

class MixedLadder : public TemporaryFolderTest {
 protected:
  ModelEntry Copy(const std::string& name) const {
    fs::copy(golden::Folder() / "checkpoints" / "phi-mha", folder_ / name);
    return {.name = name, .path = (folder_ / name).string(), .display = name, .size = ""};
  }

  // The tokenizer then puts its end-of-text token in front.
  ModelEntry CopyWithBos(const std::string& name) const {
    const ModelEntry entry = Copy(name);
    const fs::path file = folder_ / name / "tokenizer.json";
    nlohmann::json json = golden::ReadJson(file);
    const std::string bos = "<|endoftext|>";
    const int id = json["added_tokens"][0]["id"];
    const nlohmann::json special = {{"SpecialToken", {{"id", bos}, {"type_id", 0}}}};
    json["post_processor"] = {{"type", "TemplateProcessing"},
                              {"single", {special, {{"Sequence", {{"id", "A"}, {"type_id", 0}}}}}},
                              {"pair",
                               {special,
                                {{"Sequence", {{"id", "A"}, {"type_id", 0}}}},
                                {{"Sequence", {{"id", "B"}, {"type_id", 0}}}}}},
                              {"special_tokens", {{bos, {{"id", bos}, {"ids", {id}}, {"tokens", {bos}}}}}}};
    std::ofstream(file) << json;
    return entry;
  }

  static RunOptions Strict() {
    RunOptions options;
    options.strict = true;
    return options;
  }

  ModelEntry CopyWithTemplate(const std::string& name) const {
    const ModelEntry entry = Copy(name);
    std::ofstream(folder_ / name / "chat_template.jinja") << "{{ messages[0].content }}";
    return entry;
  }

  static Plan PlanOf(const std::vector<ModelEntry>& ladder, bool chat_template = false) {
    Plan plan;
    plan.protocol = DefaultProtocol();
    plan.protocol.prompts.prompts.resize(2);
    plan.protocol.variants = {{chat_template, Precision::kFloat32, "fp32"}};
    plan.ladder = ladder;
    return plan;
  }
};

TEST_F(MixedLadder, IsMeasuredWithAWarning) {
  Observer silent;
  const Plan plan = PlanOf({CopyWithBos("a"), Copy("c")});
  const RunResult run = Measure(plan, RunOptions{}, silent);
  ASSERT_EQ(run.warnings.size(), 1u);
  EXPECT_EQ(
      run.warnings[0],
      "this ladder mixes models with a beginning-of-sequence token (a) and without (c): the attention sink "
      "falls on BOS in the one and on the first word in the other; compare them with care");
  EXPECT_TRUE(run.models[0].provenance.adds_bos);
  EXPECT_FALSE(run.models[1].provenance.adds_bos);
}

TEST_F(MixedLadder, StrictRefusesBeforeAnythingIsMeasured) {
  class Counter final : public Observer {
   public:
    void OnModelBegin(const ModelEntry&) override { ++begun; }
    int begun = 0;
  } counter;
  const Plan plan = PlanOf({CopyWithBos("a"), CopyWithTemplate("b"), Copy("c")});
  EXPECT_EQ(
      ErrorOf([&] { Measure(plan, Strict(), counter); }),
      "kInput: --strict: this ladder mixes models with a beginning-of-sequence token (a) and without (b, c): "
      "the attention sink falls on BOS in the one and on the first word in the other; compare them with "
      "care; "
      "this ladder mixes models with a chat template (b) and without (a, c): models tuned for conversation "
      "and base models differ in more than size; compare them with care; measure them apart, or leave out "
      "--strict");
  EXPECT_EQ(counter.begun, 0);
}

TEST_F(MixedLadder, StrictKnowsThatATemplateWillBeApplied) {
  Observer silent;
  const Plan plan = PlanOf({CopyWithTemplate("a"), Copy("b")}, true);
  const std::string error = ErrorOf([&] { headspec::Run(plan, Strict(), silent); });
  EXPECT_NE(error.find("with their chat template applied (a) and without (b)"), std::string::npos) << error;
}

TEST_F(MixedLadder, StrictLeavesUniformAndBrokenModelsAlone) {
  Observer silent;
  ModelEntry broken = Copy("broken");
  fs::remove(folder_ / "broken" / "tokenizer.json");
  const RunResult run = Measure(PlanOf({Copy("a"), broken}), Strict(), silent);
  EXPECT_TRUE(run.warnings.empty());
  EXPECT_FALSE(run.models[0].error);
  EXPECT_TRUE(run.models[1].error);
}

}  // namespace
}  // namespace headspec::experiment
