// Each kind of change is planted once, and has to be named.
#include "experiment/verification.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "core/hash.h"
#include "error_of.h"
#include "experiment/golden.h"
#include "experiment/prompts.h"
#include "experiment/statistics.h"
#include "experiment/verdict.h"
#include "headspec/plans.h"
#include "headspec/run.h"
#include "temporary_folder.h"

namespace headspec::experiment {
namespace {

namespace fs = std::filesystem;

void Put(const fs::path& file, std::string_view bytes) { std::ofstream(file, std::ios::binary) << bytes; }

FileRecord RecordOf(const fs::path& file, HashKind kind = HashKind::kSha256) {
  Hasher hasher = kind == HashKind::kSha1 ? GitBlobHasher(fs::file_size(file)) : Hasher(kind);
  AddFile(file, hasher);
  return {file.filename().string(), fs::file_size(file),
          (kind == HashKind::kSha1 ? "git-sha1:" : "sha256:") + hasher.Hex()};
}

class VerificationTest : public TemporaryFolderTest {
 protected:
  void SetUp() override {
    TemporaryFolderTest::SetUp();
    fs::copy(golden::Folder() / "checkpoints" / "phi-mha", Model());
    fs::create_directory(Out());
    Put(Out() / "results.json", "what was measured\n");
    Plan plan;
    plan.protocol = DefaultProtocol();
    plan.protocol.prompts.prompts.resize(2);
    plan.protocol.prompts.md5 = PromptMd5(plan.protocol.prompts.prompts);
    plan.protocol.variants = {{false, Precision::kBFloat16, "raw+bf16"}};
    plan.ladder = {{.name = "phi", .path = Model().string(), .display = "Phi", .size = ""}};
    Observer silent;
    recorded_.folder = Out();
    recorded_.results = Measure(plan, RunOptions{}, silent);
    recorded_.results.models[0].provenance.files = {RecordOf(Model() / "config.json", HashKind::kSha1),
                                                    RecordOf(Model() / "tokenizer.json"),
                                                    RecordOf(Model() / "model.safetensors")};
    recorded_.provenance = recorded_.results;
    recorded_.outputs = {RecordOf(Out() / "results.json")};
  }

  fs::path Model() const { return folder_ / "phi"; }
  fs::path Out() const { return folder_ / "out"; }
  ModelResult& Result() { return recorded_.results.models[0]; }

  // "group/what: expected ..., found ..." of every difference.
  std::vector<std::string> Differences(bool recompute = true) {
    std::vector<std::string> lines;
    Observer silent;
    groups_.clear();
    Verify(recorded_, {.recompute = recompute, .run = {}}, silent, [&](const CheckGroup& group) {
      groups_.push_back(group);
      for (const Check& check : group.checks) {
        if (!check.ok)
          lines.push_back(group.what + "/" + check.what + ": expected " + check.expected + ", found " +
                          check.found);
      }
    });
    return lines;
  }

  std::vector<std::string> GroupNames() const {
    std::vector<std::string> names;
    for (const CheckGroup& group : groups_) names.push_back(group.what);
    return names;
  }

  using Lines = std::vector<std::string>;

  ResultFolder recorded_;
  std::vector<CheckGroup> groups_;
};

TEST_F(VerificationTest, FindsNothingWhereNothingChanged) {
  EXPECT_EQ(Differences(), Lines{});
  EXPECT_EQ(GroupNames(), (Lines{"outputs", "prompts", "models", "trend", "records", "statistics", "files",
                                 "tokens", "entropies"}));
  EXPECT_EQ(groups_.back().summary,
            "32 values, measured again: bit for bit (" + Result().numerics.products + ")");
}

TEST_F(VerificationTest, RecomputesOnlyWhenAsked) {
  Result().token_ids[0][1] += 1;
  recorded_.provenance = recorded_.results;
  EXPECT_EQ(Differences(false), Lines{});
  EXPECT_EQ(GroupNames(), (Lines{"outputs", "prompts", "models", "trend", "records", "statistics", "files"}));
}

TEST_F(VerificationTest, FindsAnEditedEntropy) {
  double& value = Result().prompt_entropies[1][2][3];
  const std::string honest = fmt::format("{}", value);
  value = std::nextafter(value, 1);
  const Lines found = Differences();
  ASSERT_GE(found.size(), 1u);
  EXPECT_EQ(found.back(),
            fmt::format("entropies/prompt 2: expected layer 2, head 3: {}, found {}", value, honest));
  value += 0.25;
  const Lines plain = Differences();
  EXPECT_EQ(plain[0], "statistics/head means: expected what the stored entropies give, found other values");
  EXPECT_TRUE(plain[1].starts_with("statistics/index: expected ")) << plain[1];
}

TEST_F(VerificationTest, FindsAnEditedIndex) {
  const double honest = Result().si_mean;
  Result().si_mean = 0.33;
  EXPECT_EQ(Differences(), Lines{fmt::format("statistics/index: expected {}, found 0.33", honest)});
}

TEST_F(VerificationTest, FindsEditedStatistics) {
  IndexStatistics& index = Result().statistics.index;
  const IndexStatistics honest = index;
  const auto expect_finding = [&](const std::string& what) {
    EXPECT_EQ(Differences(false),
              Lines{what + ": expected what the stored entropies give, found other values"});
    index = honest;
  };
  ASSERT_TRUE(index.null.value && index.bootstrap.value && index.shares.value);
  index.null.value->p = std::nextafter(index.null.value->p, 1);
  expect_finding("statistics/permutation null");
  index.seed = 43;
  EXPECT_EQ(Differences(false).size(), 3u);  // null, bootstrap, and the null's reading
  index = honest;
  index.shares = {.value = {}, .reason = "none"};
  expect_finding("statistics/variance shares");
  index.bootstrap.value->influence[0] = 0;
  expect_finding("statistics/bootstrap over prompts");
  index.readings.null = "SI shows which head is which";
  expect_finding("statistics/readings");
  recorded_.results.readings.clear();
  expect_finding("trend/readings");
}

TEST_F(VerificationTest, FindsAnEditedVerdict) {
  RunResult& run = recorded_.results;
  run.plan.hypothesis = Hypothesis{.claim = "B11", .h0 = "", .h1 = "", .target_si = 0.33, .tolerance = 0.05};
  run.verdict = Decide(*run.plan.hypothesis, run.models, {});
  Interpret(run);
  EXPECT_EQ(Differences(false), Lines{});
  run.verdict->stored.conclusion = "HERITAGE_CONFIRMED";
  EXPECT_EQ(Differences(false),
            Lines{"verdict/stored rule: expected SIZE_CONFOUND_DETECTED, B-Tier (unchanged), 0 of 1, found "
                  "HERITAGE_CONFIRMED, B-Tier (unchanged), 0 of 1"});
}

TEST_F(VerificationTest, FindsAChangedOutput) {
  Put(Out() / "results.json", "what was changed!\n");
  const Lines found = Differences();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(found[0].starts_with("outputs/results.json: expected sha256:")) << found[0];
  Put(Out() / "results.json", "");
  EXPECT_EQ(Differences(), Lines{"outputs/results.json: expected 18 bytes, found 0 bytes"});
  fs::remove(Out() / "results.json");
  EXPECT_EQ(Differences(), Lines{"outputs/results.json: expected 18 bytes, found no such file"});
  recorded_.outputs.clear();
  EXPECT_EQ(Differences(), Lines{"outputs/results.json: expected its hash in provenance.json, found none"});
}

TEST_F(VerificationTest, FindsAFlippedByteOfTheWeights) {
  std::fstream file(Model() / "model.safetensors", std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(-3, std::ios::end);
  const char byte = static_cast<char>(file.get());
  file.seekp(-3, std::ios::end);
  file.put(static_cast<char>(byte ^ 1));
  file.close();
  const Lines found = Differences();
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found[0], "files/model.safetensors: expected " + Result().provenance.files[2].hash + ", found " +
                          RecordOf(Model() / "model.safetensors").hash);
}

TEST_F(VerificationTest, FindsAChangedConfiguration) {
  const std::string config = golden::ReadJson(Model() / "config.json").dump();
  Put(Model() / "config.json", config);
  EXPECT_EQ(Differences(false), Lines{fmt::format("files/config.json: expected {} bytes, found {} bytes",
                                                  Result().provenance.files[0].bytes, config.size())});
}

TEST_F(VerificationTest, FindsAChangedTokenId) {
  const int honest = Result().token_ids[0][1];
  Result().token_ids[0][1] = honest + 1;
  EXPECT_EQ(Differences(),
            (Lines{"records/token ids: expected those of results.json, found others",
                   fmt::format("tokens/prompt 1: expected token 2: {}, found {}", honest + 1, honest)}));
  Result().token_ids[0].pop_back();
  EXPECT_EQ(Differences()[1], "statistics/valid lengths: expected numbers of token ids, found others");
}

TEST_F(VerificationTest, FindsChangedPrompts) {
  std::vector<std::string>& prompts = recorded_.results.plan.protocol.prompts.prompts;
  const std::string md5 = PromptMd5(prompts);
  prompts[1] = "Another one";
  const Lines found = Differences();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0], "prompts/MD5 of prompts_text: expected " + md5 + ", found " + PromptMd5(prompts));
  EXPECT_TRUE(found[1].starts_with("tokens/prompt 2: expected ")) << found[1];
}

TEST_F(VerificationTest, SaysThatAModelIsGone) {
  fs::remove_all(Model());
  EXPECT_EQ(Differences(), Lines{"files/folder: expected " + Model().string() + ", found no such folder"});
  EXPECT_EQ(GroupNames().back(), "files");
  Result().provenance.repository = "org/not-here";
  Result().provenance.revision = std::string(40, 'a');
  const Lines found = Differences();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(found[0].starts_with("files/folder: expected org/not-here at aaaa")) << found[0];
}

TEST_F(VerificationTest, LooksAModelOfTheHubUpByItsCommit) {
  const std::string commit(40, 'a');
  const fs::path snapshot = folder_ / "hub" / "models--org--phi" / "snapshots" / commit;
  fs::create_directories(snapshot.parent_path());
  fs::rename(Model(), snapshot);
  ::setenv("HF_HUB_CACHE", (folder_ / "hub").c_str(), 1);
  Result().provenance.repository = "org/phi";
  Result().provenance.revision = commit;
  EXPECT_EQ(Differences(), Lines{});
  EXPECT_EQ(GroupNames().back(), "entropies");
  fs::rename(snapshot, snapshot.parent_path() / std::string(40, 'b'));
  EXPECT_EQ(Differences().size(), 1u);
  ::unsetenv("HF_HUB_CACHE");
}

TEST_F(VerificationTest, FindsAChatTemplateThatWasAdded) {
  Put(Model() / "chat_template.jinja", "{{ messages[0].content }}");
  EXPECT_EQ(
      Differences(),
      Lines{"tokens/tokenizer: expected CodeGenTokenizerFast, without BOS, no chat template, not applied, "
            "found CodeGenTokenizerFast, without BOS, chat template " +
            HexHash(HashKind::kSha256, "{{ messages[0].content }}") + ", not applied"});
}

TEST_F(VerificationTest, SaysThatAModelCannotBeMeasuredAnyMore) {
  fs::remove(Model() / "tokenizer.json");
  const Lines found = Differences();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_TRUE(found[0].ends_with("bytes, found no such file")) << found[0];
  EXPECT_TRUE(
      found[1].starts_with("entropies/measurement: expected a measurement as recorded, found tokenizer.json"))
      << found[1];
}

TEST_F(VerificationTest, SaysThatAFolderTookAFilesPlace) {
  fs::remove(Model() / "config.json");
  fs::create_directory(Model() / "config.json");
  EXPECT_EQ(Differences(false),
            Lines{fmt::format("files/config.json: expected {} bytes, found Is a directory",
                              Result().provenance.files[0].bytes)});
}

TEST_F(VerificationTest, AllowsOtherProductsTheirOtherSums) {
  const std::string now = Result().numerics.products;
  Result().numerics.products = "FUTURE-BF16";
  Result().prompt_entropies[0][1][1] += 0.01;
  recorded_.provenance = recorded_.results;
  const Lines found = Differences();
  for (const std::string& line : found) EXPECT_TRUE(line.starts_with("statistics/")) << line;
  EXPECT_EQ(groups_.back().summary,
            "32 values, measured again: within 0.02 (FUTURE-BF16 multiplied then, " + now + " now)");
  Result().prompt_entropies[0][1][1] += 0.05;
  EXPECT_TRUE(Differences().back().starts_with("entropies/prompt 1: expected layer 1, head 1: "));
}

TEST_F(VerificationTest, LeavesFailedModelsOut) {
  Result().error = "out of memory";
  Interpret(recorded_.results);
  EXPECT_EQ(Differences(), Lines{"models/provenance.json: expected phi (failed), found phi"});
  recorded_.provenance = recorded_.results;
  EXPECT_EQ(Differences(), Lines{});
  EXPECT_EQ(GroupNames(), (Lines{"outputs", "prompts", "models", "trend"}));
}

TEST_F(VerificationTest, StopsWhenAsked) {
  class Impatient final : public Observer {
   public:
    bool Cancelled() const override { return true; }
  } impatient;
  EXPECT_EQ(ErrorOf([&] { Verify(recorded_, {}, impatient, [](const CheckGroup&) {}); }),
            "kInterrupted: interrupted: nothing was written");
}

}  // namespace
}  // namespace headspec::experiment
