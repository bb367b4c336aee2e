// Manifests: the two that are shipped, field by field; the defaults; and every way to get one wrong.
#include "headspec/plans.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "error_of.h"
#include "temporary_folder.h"

namespace headspec::experiment {
namespace {

namespace fs = std::filesystem;

fs::path Shipped(const std::string& name) { return fs::path(HEADSPEC_SOURCE_DIR) / "experiments" / name; }

std::string Content(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void ExpectNotebookProtocol(const Protocol& protocol) {
  EXPECT_EQ(protocol.standard, "E11-v3");
  EXPECT_EQ(protocol.prompts.version, "Standard-10 v3");
  EXPECT_EQ(protocol.prompts.md5, "715065bab181f46bf12ed471951141e2");
  EXPECT_EQ(protocol.prompts.prompts.size(), 10u);
  EXPECT_EQ(protocol.max_length, 128);
  EXPECT_EQ(protocol.seeds, (std::vector<std::int64_t>{42, 123, 456}));
  EXPECT_FALSE(protocol.rerun_seeds);
  EXPECT_FALSE(protocol.keep_attention);
  EXPECT_EQ(protocol.attention_limit, 64'000'000u);
  ASSERT_EQ(protocol.variants.size(), 3u);
  EXPECT_EQ(protocol.variants[0].label, "raw+bf16");
  EXPECT_EQ(protocol.variants[1].label, "raw+fp16");
  EXPECT_EQ(protocol.variants[2].label, "raw+fp32");
  EXPECT_EQ(protocol.sanity_min_si, 0.05);
  EXPECT_EQ(protocol.fallback, Fallback::kFirstModel);
}

void ExpectNotebookQuestion(const Plan& plan) {
  ASSERT_TRUE(plan.hypothesis);
  EXPECT_EQ(plan.hypothesis->claim, "B11");
  EXPECT_EQ(plan.hypothesis->h0, "Heritage: SI ~ 0.33 regardless of size");
  EXPECT_EQ(plan.hypothesis->h1, "Size: SI varies with model size");
  EXPECT_EQ(plan.hypothesis->target_si, 0.33);
  EXPECT_EQ(plan.hypothesis->tolerance, 0.05);
  EXPECT_EQ(plan.hypothesis->min_models_printed, 3);
  EXPECT_EQ(plan.hypothesis->min_models_stored, 4);
  ASSERT_EQ(plan.references.size(), 2u);
  EXPECT_EQ(plan.references[0].name, "Phi-3-mini (3.8B)");
  EXPECT_EQ(plan.references[0].si, 0.329);
  EXPECT_EQ(plan.references[0].size_b, 3.8);
  EXPECT_EQ(plan.references[0].arch, "MHA");
  EXPECT_EQ(plan.references[1].name, "Phi-3-medium (14B)");
  EXPECT_EQ(plan.references[1].si, 0.334);
  EXPECT_EQ(plan.references[1].size_b, 14.0);
  EXPECT_EQ(plan.references[1].arch, "GQA");
}

void ExpectModel(const ModelEntry& entry, const std::string& name, const std::string& display,
                 const std::string& size) {
  EXPECT_EQ(entry.name, name);
  EXPECT_EQ(entry.display, display);
  EXPECT_EQ(entry.size, size);
  EXPECT_EQ(entry.revision, "main");
  EXPECT_FALSE(entry.use_chat_template);
}

TEST(ShippedManifest, IsTheNotebookToTheLetter) {
  const Plan plan = ReadManifest(Shipped("phi-size-ladder.toml"));
  EXPECT_EQ(plan.experiment, "E08-Phi-Size-Ladder");
  EXPECT_EQ(plan.slug, "E08_phi_size_ladder");
  EXPECT_EQ(plan.purpose, "B11 Size Confound Validation (Phi-1.5, Phi-2)");
  ExpectNotebookProtocol(plan.protocol);
  ExpectNotebookQuestion(plan);
  ASSERT_EQ(plan.ladder.size(), 2u);
  ExpectModel(plan.ladder[0], "microsoft/phi-1_5", "Phi-1.5 (1.3B)", "1.3B");
  ExpectModel(plan.ladder[1], "microsoft/phi-2", "Phi-2 (2.7B)", "2.7B");
  EXPECT_EQ(plan.ladder[0].path, "");
  EXPECT_EQ(plan.manifest_text, Content(Shipped("phi-size-ladder.toml")));
}

TEST(ShippedManifest, HasTheNanoLadderBuiltIn) {
  const Plan plan = BuiltInPlan();
  EXPECT_EQ(plan.experiment, "Nano-Phi-Size-Ladder");
  EXPECT_EQ(plan.slug, "nano_phi_size_ladder");
  ExpectNotebookProtocol(plan.protocol);
  ExpectNotebookQuestion(plan);
  ASSERT_EQ(plan.ladder.size(), 3u);
  ExpectModel(plan.ladder[0], "nano-0.5m", "Nano 0.5M", "0.5M");
  ExpectModel(plan.ladder[1], "nano-1.5m", "Nano 1.5M", "1.5M");
  ExpectModel(plan.ladder[2], "nano-4m", "Nano 4M", "4M");
  for (const ModelEntry& entry : plan.ladder) {
    EXPECT_EQ(fs::path(entry.path).filename(), entry.name);
    EXPECT_EQ(fs::path(entry.path).parent_path().filename(), "nano");
  }
}

TEST(DefaultProtocol, IsTheNotebooks) { ExpectNotebookProtocol(DefaultProtocol()); }

// ---- manifests written here

constexpr const char* kModel = "[[model]]\nname = \"org/name\"\n";

class ManifestTest : public TemporaryFolderTest {
 protected:
  Plan Read(const std::string& content) const { return ReadManifest(Write("m.toml", content)); }
  std::string Refused(const std::string& content) const {
    const fs::path file = Write("m.toml", content);
    return ErrorOf([&] { ReadManifest(file); });
  }
  std::string At(int line, const std::string& complaint) const {
    return "kInput: " + TemporaryFolderTest::At("m.toml") + ":" + std::to_string(line) + ": " + complaint;
  }
  // The complaint about `lines` put after a good start of three lines, the first of them being line 4.
  void Expect(const std::string& lines, int line, const std::string& complaint) const {
    EXPECT_EQ(Refused("experiment = \"E\"\n" + std::string(kModel) + lines), At(line, complaint)) << lines;
  }
};

TEST_F(ManifestTest, NeedsANameAndOneModel) {
  const Plan plan = Read(std::string("experiment = \"My Experiment/1\"\n") + kModel);
  EXPECT_EQ(plan.experiment, "My Experiment/1");
  EXPECT_EQ(plan.slug, "My_Experiment_1");
  EXPECT_EQ(plan.purpose, "");
  ExpectNotebookProtocol(plan.protocol);
  EXPECT_FALSE(plan.hypothesis);
  EXPECT_TRUE(plan.references.empty());
  ASSERT_EQ(plan.ladder.size(), 1u);
  ExpectModel(plan.ladder[0], "org/name", "org/name", "");
}

TEST_F(ManifestTest, ReadsEveryField) {
  Write("sub/p.txt", "one\ntwo\n");
  const Plan plan = Read(R"(experiment = "E"
slug = "e-1.x_y"
[protocol]
standard = "S"
prompts = "sub/p.txt"
max_length = 7
seeds = [1, -2]
rerun_seeds = true
keep_attention = true
attention_limit = 7
dtypes = ["float32", "bfloat16"]
chat_template = true
sanity_min_si = 0
fallback = "per-model"
[hypothesis]
H0 = "a"
H1 = "b"
target_si = 1
tolerance = 0
min_models_printed = 1
min_models_stored = 2
[[model]]
name = "m"
path = "../models/./m"
revision = "v1"
display = "M"
size = "1B"
use_chat_template = true
[[reference]]
name = "r"
si = 1
size_b = 2
)");
  EXPECT_EQ(plan.slug, "e-1.x_y");
  EXPECT_EQ(plan.protocol.standard, "S");
  EXPECT_EQ(plan.protocol.prompts.prompts, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(plan.protocol.max_length, 7);
  EXPECT_EQ(plan.protocol.seeds, (std::vector<std::int64_t>{1, -2}));
  EXPECT_TRUE(plan.protocol.rerun_seeds);
  EXPECT_TRUE(plan.protocol.keep_attention);
  EXPECT_EQ(plan.protocol.attention_limit, 7'000'000u);
  ASSERT_EQ(plan.protocol.variants.size(), 2u);
  EXPECT_EQ(plan.protocol.variants[0].label, "chat+fp32");
  EXPECT_EQ(plan.protocol.variants[1].label, "chat+bf16");
  EXPECT_EQ(plan.protocol.sanity_min_si, 0);
  EXPECT_EQ(plan.protocol.fallback, Fallback::kPerModel);
  EXPECT_EQ(plan.hypothesis->claim, "");
  EXPECT_EQ(plan.hypothesis->target_si, 1);
  EXPECT_EQ(plan.hypothesis->min_models_printed, 1);
  EXPECT_EQ(plan.hypothesis->min_models_stored, 2);
  EXPECT_EQ(plan.ladder[0].path, (folder_.parent_path() / "models" / "m").string());
  EXPECT_EQ(plan.ladder[0].revision, "v1");
  EXPECT_TRUE(plan.ladder[0].use_chat_template);
  EXPECT_EQ(plan.references[0].arch, "");
}

TEST_F(ManifestTest, TakesAnAbsolutePath) {
  EXPECT_EQ(Read("experiment = \"E\"\n[[model]]\nname = \"m\"\npath = \"/models/m\"\n").ladder[0].path,
            "/models/m");
}

TEST_F(ManifestTest, SaysWhyAFileCannotBeRead) {
  EXPECT_EQ(ErrorOf([&] { ReadManifest(TemporaryFolderTest::At("none.toml")); }),
            "kSystem: manifest: cannot read " + TemporaryFolderTest::At("none.toml") +
                " (No such file or directory); check the path and its permissions");
  EXPECT_EQ(ErrorOf([&] { ReadManifest(folder_); }),
            "kSystem: manifest: a folder, not a file: " + folder_.string() + "; give a file");
}

TEST_F(ManifestTest, NamesTheLineThatIsNotToml) {
  for (const char* content : {"\n\nexperiment = \n", "\n\nexperiment E\n", "\n\n[protocol\n",
                              "\n\nx = \"unclosed\n", "x = 1\ny = 2\nx = 3\n"}) {
    EXPECT_EQ(Refused(content).rfind(At(3, "not TOML: "), 0), 0u) << content << Refused(content);
    EXPECT_TRUE(Refused(content).ends_with("; correct the line"));
  }
  EXPECT_EQ(Refused("experiment = \"\xff\"\n").rfind(At(1, "not TOML: "), 0), 0u);
  EXPECT_NE(Refused("a = " + std::string(100000, '[')), "no error");
}

TEST_F(ManifestTest, RequiresAnExperimentAndAModel) {
  EXPECT_EQ(Refused(""), At(1, "experiment: expected a string, found nothing; add it to the manifest"));
  EXPECT_EQ(Refused("experiment = \"E\"\n"),
            At(1, "model: expected at least one [[model]], found none; add the models to measure"));
  EXPECT_EQ(Refused("experiment = 7\n"),
            At(1, "experiment: expected a string, found 7; put the value in quotes"));
  EXPECT_EQ(Refused("experiment = \"E\"\n[model]\nname = \"a\"\n"),
            At(2, "model: expected tables, found a table; write each as [[model]]"));
  EXPECT_EQ(Refused("experiment = \"E\"\nmodel = []\n"),
            At(2, "model: expected tables, found a list; write each as [[model]]"));
}

TEST_F(ManifestTest, SuggestsTheNearestKey) {
  Expect("[protocol]\nseed = [1]\n", 5, "protocol.seed: unknown key; did you mean \"seeds\"?");
  Expect("nmae = \"x\"\n", 4, "model[0].nmae: unknown key; did you mean \"name\"?");
  Expect("[hypothesis]\nh0 = \"x\"\n", 5, "hypothesis.h0: unknown key; did you mean \"H0\"?");
  Expect("[[reference]]\nname = \"x\"\nsizeb = 1\n", 6,
         "reference[0].sizeb: unknown key; did you mean \"size_b\"?");
  EXPECT_EQ(Refused("experimnet = \"E\"\n"), At(1, "experimnet: unknown key; did you mean \"experiment\"?"));
  EXPECT_EQ(Refused("zzzzzzzzzz = 1\n"), At(1,
                                            "zzzzzzzzzz: unknown key; known keys here: experiment, slug, "
                                            "purpose, protocol, model, reference, hypothesis"));
}

TEST_F(ManifestTest, RefusesASlugThatIsNoFileName) {
  for (const char* slug : {"../x", "a/b", ".hidden", "a b", "ä"}) {
    EXPECT_EQ(Refused(std::string("experiment = \"E\"\nslug = \"") + slug + "\"\n" + kModel),
              At(2, std::string("slug: expected letters, digits, '_', '-' and '.', found \"") + slug +
                        "\"; it names folders and files"));
  }
}

TEST_F(ManifestTest, ChecksTheTypesOfTheProtocol) {
  const auto expect = [&](const std::string& line, const std::string& complaint) {
    Expect("[protocol]\n" + line + "\n", 5, "protocol." + complaint);
  };
  expect("max_length = \"128\"",
         "max_length: expected an integer from 1 to 1048576, found \"128\"; correct the value");
  expect("max_length = 0", "max_length: expected an integer from 1 to 1048576, found 0; correct the value");
  expect("max_length = 128.0",
         "max_length: expected an integer from 1 to 1048576, found 128.0; correct the value");
  expect("max_length = 1048577",
         "max_length: expected an integer from 1 to 1048576, found 1048577; correct the value");
  expect("seeds = 42", "seeds: expected a list of integers, found 42; correct the value");
  expect("seeds = [1, \"2\"]", "seeds: expected a list of integers, found \"2\" in it; correct the value");
  expect("seeds = []", "seeds: expected at least one, found none; the notebook's are [42, 123, 456]");
  expect("rerun_seeds = 1", "rerun_seeds: expected true or false, found 1; correct the value");
  expect("keep_attention = 64", "keep_attention: expected true or false, found 64; correct the value");
  expect("attention_limit = 0",
         "attention_limit: expected an integer from 1 to 1048576, found 0; correct the value");
  expect("dtypes = \"float32\"", "dtypes: expected a list of strings, found \"float32\"; correct the value");
  expect("dtypes = [32]", "dtypes: expected a list of strings, found 32 in it; correct the value");
  expect("dtypes = []", "dtypes: expected at least one, found none; for example [\"bfloat16\"]");
  expect("dtypes = [\"bf16\"]",
         "dtypes: expected bfloat16, float16 or float32, found \"bf16\"; use one of these");
  expect("chat_template = \"no\"", "chat_template: expected true or false, found \"no\"; correct the value");
  expect("sanity_min_si = \"low\"", "sanity_min_si: expected a number, found \"low\"; correct the value");
  expect("sanity_min_si = nan", "sanity_min_si: expected a number, found nan; correct the value");
  expect("fallback = \"none\"",
         "fallback: expected \"first-model\" or \"per-model\", found \"none\"; use one of these");
  expect("prompts = [\"a\"]", "prompts: expected a string, found a list; put the value in quotes");
  expect("standard = {}", "standard: expected a string, found a table; put the value in quotes");
}

TEST_F(ManifestTest, ChecksTheMd5OfThePrompts) {
  Expect("[protocol]\nprompt_md5 = \"00\"\n", 5,
         "protocol.prompt_md5: expected the MD5 of the prompts, 715065bab181f46bf12ed471951141e2, found 00; "
         "the prompt set is not the "
         "one this experiment was written for");
}

TEST_F(ManifestTest, ChecksTheHypothesis) {
  const std::string start = "[hypothesis]\nH0 = \"a\"\nH1 = \"b\"\n";
  Expect(start, 4, "hypothesis.target_si: expected a number, found nothing; add it to the manifest");
  Expect(start + "target_si = 0.3\n", 4,
         "hypothesis.tolerance: expected a number, found nothing; add it to the manifest");
  Expect(start + "target_si = 0.3\ntolerance = -1\n", 8,
         "hypothesis.tolerance: expected a number of at least 0; correct the value");
  Expect(start + "target_si = inf\n", 7,
         "hypothesis.target_si: expected a number, found inf; correct the value");
  Expect(start + "target_si = 0.3\ntolerance = 1\nmin_models_stored = 0\n", 9,
         "hypothesis.min_models_stored: expected an integer from 1 to 1048576, found 0; correct the value");
  Expect("[hypothesis]\nH0 = \"a\"\n", 4,
         "hypothesis.H1: expected a string, found nothing; add it to the manifest");
  Expect("[[hypothesis]]\nH0 = \"a\"\n", 4,
         "hypothesis: expected a table, found a list; write it as [hypothesis]");
}

TEST_F(ManifestTest, ChecksModelsAndReferences) {
  Expect("[[model]]\ndisplay = \"x\"\n", 4,
         "model[1].name: expected a string, found nothing; add it to the manifest");
  Expect("size = 1.3\n", 4, "model[0].size: expected a string, found 1.3; put the value in quotes");
  Expect("[[reference]]\nname = \"x\"\nsi = 0.3\n", 4,
         "reference[0].size_b: expected a number, found nothing; add it to the manifest");
}

TEST_F(ManifestTest, ReadsWindowsLineEnds) {
  EXPECT_EQ(Read("experiment = \"E\"\r\n[[model]]\r\nname = \"m\"\r\n").ladder[0].name, "m");
}

}  // namespace
}  // namespace headspec::experiment
