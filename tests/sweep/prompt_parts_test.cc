// A model measured part by part of its prompts: the same results.json, bit for bit, as in one piece.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "error_of.h"
#include "experiment/golden.h"
#include "experiment/own_cache_folder.h"
#include "experiment/pass_parts.h"
#include "headspec/plans.h"
#include "headspec/run.h"
#include "report/results_json.h"

namespace headspec {
namespace {
namespace fs = std::filesystem;

class Listener final : public Observer {
 public:
  void OnWorkBegin(std::string_view what, std::int64_t, WorkUnit) override {
    if (!what.starts_with("layers")) return;
    passes.emplace_back(what);
    if (passes.size() == stop_in_pass) cancelled = true;
  }
  void OnNote(std::string_view text) override { notes.emplace_back(text); }
  bool Cancelled() const override { return cancelled; }

  std::vector<std::string> passes;
  std::vector<std::string> notes;
  std::size_t stop_in_pass = 0;
  bool cancelled = false;
};

class PromptPartsTest : public OwnCacheTest {
 protected:
  void Use(const fs::path& model, Precision precision) {
    plan_ = PlanOf({model.string()});
    plan_.protocol.variants = {MakeVariant(precision)};
    plan_.protocol.metrics = HeadMetricSet::kAll;
  }
  // A family's checkpoint beside the tokenizer that all of them share.
  void UseFamily(const std::string& name, Precision precision) {
    const fs::path folder = folder_ / name;
    fs::create_directories(folder);
    for (const fs::path& from :
         {golden::Folder() / "families" / name, golden::Folder() / "families/tokenizer"}) {
      for (const auto& file : fs::directory_iterator(from)) {
        const fs::path link = folder / file.path().filename();
        if (!fs::exists(link)) fs::create_symlink(file.path(), link);
      }
    }
    Use(folder, precision);
    plan_.protocol.max_length = 60;  // as many positions as each of them has
  }
  // results.json without what time and place decide.
  std::string Measured(int at_once, Listener& listener) {
    RunResult run = Measure(plan_, {.fresh = fresh_, .prompts_at_once = at_once}, listener);
    run.timestamp.clear();
    for (ModelResult& model : run.models) {
      EXPECT_EQ(model.error, std::nullopt);
      non_finite_ = model.numerics.non_finite;
      model.timing = {};
    }
    return report::ResultsJson(run);
  }
  void ExpectSameInParts() {
    Listener whole;
    const std::string expected = Measured(0, whole);
    ASSERT_EQ(whole.passes.size(), 1u);
    for (const int at_once : {1, 3, 7, 10}) {
      Listener parts;
      EXPECT_EQ(Measured(at_once, parts), expected) << plan_.ladder.front().name << ", " << at_once;
      EXPECT_EQ(parts.passes.size(), parts.notes.empty() ? (10 + at_once - 1) / at_once : 1);
    }
  }

  Plan plan_;
  NonFinite non_finite_;
  bool fresh_ = true;
};

TEST(RangesOf, AreConsecutiveAndLeaveTheRestToTheLast) {
  using experiment::RangesOf;
  using Ranges = std::vector<experiment::PromptRange>;
  EXPECT_EQ(RangesOf(10, 0), (Ranges{{0, 10}}));
  EXPECT_EQ(RangesOf(10, 10), (Ranges{{0, 10}}));
  EXPECT_EQ(RangesOf(10, 25), (Ranges{{0, 10}}));
  EXPECT_EQ(RangesOf(10, 4), (Ranges{{0, 4}, {4, 8}, {8, 10}}));
  EXPECT_EQ(RangesOf(4, 2), (Ranges{{0, 2}, {2, 4}}));
}

TEST_F(PromptPartsTest, GiveTheSameBitsInEveryFamily) {
  for (const char* name :
       {"llama-gqa-llama3", "gemma2-softcap-window", "qwen2-moe", "mixtral-top2", "bloom-six-heads",
        "falcon-alibi-six-heads", "phi3-longrope-long", "gpt-neox-parallel"}) {
    for (const Precision precision : {Precision::kFloat32, Precision::kBFloat16, Precision::kFloat16}) {
      UseFamily(name, precision);
      ExpectSameInParts();
    }
  }
}

TEST_F(PromptPartsTest, GiveTheSameBitsOfATrainedModel) {
  for (const Precision precision : {Precision::kFloat32, Precision::kBFloat16, Precision::kFloat16}) {
    Use(fs::path(HEADSPEC_SOURCE_DIR) / "data/nano/nano-0.5m", precision);
    ExpectSameInParts();
  }
}

TEST_F(PromptPartsTest, KeepTheFirstPlaceOfNanAndInfinity) {
  for (const char* name : {"phi-fp16-overflow", "phi-mha"}) {
    Use(golden::Folder() / "checkpoints" / name, Precision::kFloat16);
    ExpectSameInParts();
    if (name == std::string("phi-fp16-overflow")) EXPECT_GT(non_finite_.count, 0);
  }
}

TEST_F(PromptPartsTest, GiveTheSameBitsOfPaddedPrompts) {
  Use(golden::Folder() / "checkpoints/phi-mha", Precision::kFloat32);
  plan_.protocol.padding.to_max_length = true;
  plan_.protocol.max_length = 64;
  for (const PaddingSide side : {PaddingSide::kLeft, PaddingSide::kRight}) {
    plan_.protocol.padding.side = side;
    ExpectSameInParts();
  }
}

TEST_F(PromptPartsTest, AreOnePieceWhereTheOrderOfPromptsMatters) {
  UseFamily("llama-rope-dynamic", Precision::kFloat32);
  plan_.protocol.max_length = 128;
  std::string text = "The same words again and again";
  for (int i = 0; i < 5; ++i) text += ", " + text;
  plan_.protocol.prompts = PromptsOf({"short", text, text.substr(0, 150), "short", "short"});
  Listener whole, parts;
  const std::string expected = Measured(0, whole);
  EXPECT_EQ(Measured(2, parts), expected);
  EXPECT_EQ(parts.passes.size(), 1u);
  EXPECT_EQ(parts.notes,
            std::vector<std::string>{"all 5 prompts are measured in one piece: its dynamic rotary "
                                     "scaling depends on the prompts before"});
  // Each below the length from which they are scaled: nothing depends on the order.
  plan_.protocol.max_length = 8;
  Listener short_whole, short_parts;
  const std::string short_expected = Measured(0, short_whole);
  EXPECT_EQ(Measured(2, short_parts), short_expected);
  EXPECT_EQ(short_parts.passes.size(), 3u);
}

TEST_F(PromptPartsTest, AreManyAndSayTheSameOfManyPromptsOnce) {
  Use(golden::Folder() / "checkpoints/phi-mha", Precision::kFloat32);
  plan_.protocol.max_length = 4;
  plan_.protocol.prompts =
      PromptsOf(std::vector<std::string>(150, "A prompt that is longer than the four tokens kept of it."));
  Listener whole, parts;
  const RunResult run = Measure(plan_, {.fresh = true}, whole);
  EXPECT_EQ(run.models.at(0).warnings,
            std::vector<std::string>{"prompt 1 was cut to max_length 4; 149 more prompts likewise"});
  const std::string expected = Measured(0, whole);
  EXPECT_EQ(Measured(40, parts), expected);
  EXPECT_EQ(parts.passes.size(), 4u);
}

TEST_F(PromptPartsTest, AreKeptWhenTheRunIsInterrupted) {
  fresh_ = false;
  Use(golden::Folder() / "checkpoints/phi-mha", Precision::kFloat32);
  Listener stopped;
  stopped.stop_in_pass = 3;
  EXPECT_EQ(ErrorOf([&] { Measured(3, stopped); }), "kInterrupted: interrupted: nothing was written");
  Listener next;
  const std::string found = Measured(3, next);
  EXPECT_EQ(next.passes,
            (std::vector<std::string>{"layers, prompts 7 to 9 of 10", "layers, prompts 10 to 10 of 10"}));
  // The whole is kept then, whatever the parts are, and they are not.
  EXPECT_EQ(std::distance(fs::directory_iterator(cache_ / "passes"), fs::directory_iterator()), 1);
  Listener whole;
  EXPECT_EQ(Measured(0, whole), found);
  EXPECT_TRUE(whole.passes.empty());
}

}  // namespace
}  // namespace headspec
