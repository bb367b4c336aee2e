// Attention that is kept: its bytes against the reference's floats, its size, and when it is refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "checkpoint/safetensors.h"
#include "error_of.h"
#include "experiment/attention_room.h"
#include "experiment/files.h"
#include "experiment/own_cache_folder.h"
#include "experiment/quantising_sink.h"
#include "experiment/subject_of.h"
#include "golden.h"
#include "headspec/comparison.h"
#include "headspec/plans.h"
#include "headspec/run.h"

namespace headspec::experiment {
namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<std::uint8_t>;

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(QuantiseWeight, RoundsToTheNearestByte) {
  EXPECT_EQ(QuantiseWeight(0), 0);
  EXPECT_EQ(QuantiseWeight(1), 255);
  EXPECT_EQ(QuantiseWeight(0.5F), 128);
  EXPECT_EQ(QuantiseWeight(0.00196F), 0);  // below and above 1/510
  EXPECT_EQ(QuantiseWeight(0.00197F), 1);
  for (int i = 0; i <= 10000; ++i) {
    const float weight = static_cast<float>(i) / 10000;
    EXPECT_LE(std::abs(QuantiseWeight(weight) / 255.0 - static_cast<double>(weight)), 1 / 510.0 + 1e-12);
  }
}

TEST(QuantiseWeight, IsDefinedForWhatIsNoWeight) {
  EXPECT_EQ(QuantiseWeight(kNaN), 0);
  EXPECT_EQ(QuantiseWeight(kInfinity), 255);
  EXPECT_EQ(QuantiseWeight(-kInfinity), 0);
  EXPECT_EQ(QuantiseWeight(-0.0F), 0);
  EXPECT_EQ(QuantiseWeight(1.5F), 255);
}

TEST(QuantisingSink, PutsTilesInTheirPlace) {
  QuantisingSink sink(2, 2, {3});
  std::vector<float> first = {1, 0.2F, 0.8F};  // two queries; one key is enough for the first
  std::vector<float> tile = {1, 0, 0.2F, 0.8F};
  std::vector<float> last = {0.2F, kNaN, 0.4F};
  sink.Take(
      {.prompt = 0, .layer = 1, .head = 0, .tokens = 3, .first_query = 0, .rows = {tile.data(), 2, 2, 2}});
  sink.Take(
      {.prompt = 0, .layer = 1, .head = 0, .tokens = 3, .first_query = 2, .rows = {last.data(), 1, 3, 3}});
  sink.Take(
      {.prompt = 1, .layer = 0, .head = 0, .tokens = 3, .first_query = 2, .rows = {first.data(), 1, 3, 3}});
  Bytes expected(2 * 2 * 9);
  const Bytes head = {255, 0, 0, 51, 204, 0, 51, 0, 102};
  std::copy(head.begin(), head.end(), expected.begin() + 2 * 9);
  EXPECT_EQ(sink.Release(), std::vector<Bytes>{expected});
}

TEST(KeptBytes, AreTheSquaresOfTheLengths) {
  EXPECT_EQ(KeptBytes(32, 32, {10, 3}), 32u * 32u * (100 + 9));
  EXPECT_EQ(KeptBytes(96, 96, {1 << 20}), 96ull * 96ull << 40);
  EXPECT_EQ(KeptBytes(2, 2, {}), 0u);
}

// Counts passes and keeps what is said.
class Listener final : public Observer {
 public:
  void OnWorkBegin(std::string_view what, std::int64_t, WorkUnit) override {
    passes += what == "layers";
    sanity_passes += what == "sanity check: layers";
  }
  void OnNote(std::string_view text) override { notes.emplace_back(text); }

  int passes = 0;
  int sanity_passes = 0;
  std::vector<std::string> notes;
};

class KeepAttention : public OwnCacheTest {
 protected:
  void SetUp() override {
    plan_.protocol = DefaultProtocol();
    plan_.protocol.keep_attention = true;
    plan_.protocol.sanity_min_si = 0;
    UsePrecision(Precision::kFloat32);
    Use({"checkpoints/phi-mha"});
  }
  void UsePrecision(Precision precision) {
    plan_.protocol.variants = {{.use_chat_template = false, .precision = precision, .label = "one"}};
  }
  void Use(const std::vector<std::string>& checkpoints) {
    plan_.ladder.clear();
    for (const std::string& name : checkpoints)
      plan_.ladder.push_back({.name = name,
                              .path = (golden::Folder() / name).string(),
                              .display = fs::path(name).filename().string(),
                              .size = ""});
  }
  RunResult Measure() {
    listener_ = Listener();
    return headspec::Measure(plan_, {}, listener_);
  }
  std::string Refusal() {
    listener_ = Listener();
    return ErrorOf([&] { headspec::Measure(plan_, {}, listener_); });
  }

  Plan plan_;
  Listener listener_;
};

// Every row is one query's, to the keys up to it, and adds up to 1 as far as bytes do.
void ExpectCausalRows(const Bytes& attention, std::size_t tokens) {
  ASSERT_EQ(attention.size() % (tokens * tokens), 0u);
  for (std::size_t row = 0; row < attention.size() / tokens; ++row) {
    double sum = 0;
    for (std::size_t key = 0; key < tokens; ++key) {
      const std::uint8_t weight = attention[row * tokens + key];
      if (key > row % tokens) {
        ASSERT_EQ(weight, 0);
      }
      sum += weight / 255.0;
    }
    ASSERT_NEAR(sum, 1, static_cast<double>(tokens) / 510);
  }
}

// The reference's for the first prompt, (L, H, T, T).
std::vector<float> FloatAttention(const fs::path& folder) {
  const std::string bytes = ReadWholeFile(folder / "attention.safetensors", "golden attention");
  const auto header = checkpoint::ParseSafetensors(std::as_bytes(std::span(bytes)), "attention.safetensors");
  std::vector<float> weights;
  for (int layer = 0;; ++layer) {
    const auto tensor = std::find_if(header.tensors.begin(), header.tensors.end(), [&](const auto& entry) {
      return entry.name == "float32.layer." + std::to_string(layer);
    });
    if (tensor == header.tensors.end()) return weights;
    const std::size_t before = weights.size();
    weights.resize(before + (tensor->end - tensor->begin) / sizeof(float));
    std::memcpy(weights.data() + before, bytes.data() + header.data_offset + tensor->begin,
                tensor->end - tensor->begin);
  }
}

TEST_F(KeepAttention, IsTheReferences) {
  for (const std::string& name : golden::CheckpointNames()) {
    SCOPED_TRACE(name);
    Use({"checkpoints/" + name});
    const ModelResult model = Measure().models.front();
    ASSERT_EQ(model.attention.size(), 10u);
    for (std::size_t p = 0; p < 10; ++p)
      ExpectCausalRows(model.attention[p], static_cast<std::size_t>(model.valid_lengths[p]));
    std::size_t at = 0;
    for (const float weight : FloatAttention(golden::Folder() / "checkpoints" / name)) {
      ASSERT_LT(at, model.attention[0].size());
      ASSERT_NEAR(model.attention[0][at++] / 255.0, static_cast<double>(weight), 1 / 510.0 + 1e-5);
    }
    EXPECT_EQ(at, model.attention[0].size());
  }
}

TEST_F(KeepAttention, OfNarrowWindowsIsZeroOutside) {
  Use({"families/mistral-window"});
  // The families' checkpoints have one tokenizer for all.
  fs::copy(plan_.ladder.front().path, folder_ / "m");
  for (const auto& file : fs::directory_iterator(golden::Folder() / "families/tokenizer"))
    fs::copy(file.path(), folder_ / "m" / file.path().filename());
  plan_.ladder.front().path = (folder_ / "m").string();
  const std::size_t window = golden::ReadJson(folder_ / "m" / "config.json").at("sliding_window");
  const ModelResult model = Measure().models.front();
  ASSERT_EQ(model.error, std::nullopt);
  int outside = 0;
  for (std::size_t p = 0; p < model.attention.size(); ++p) {
    const auto tokens = static_cast<std::size_t>(model.valid_lengths[p]);
    ExpectCausalRows(model.attention[p], tokens);
    for (std::size_t i = 0; i < model.attention[p].size(); ++i) {
      const std::size_t query = i / tokens % tokens;
      if (i % tokens + window > query) continue;
      ++outside;
      ASSERT_EQ(model.attention[p][i], 0);
    }
  }
  EXPECT_GT(outside, 0);
}

TEST_F(KeepAttention, OfNaNIsZeroAndTheFindingStays) {
  Use({"checkpoints/phi-fp16-overflow"});
  UsePrecision(Precision::kFloat16);
  const ModelResult model = Measure().models.front();
  EXPECT_GT(model.numerics.non_finite.count, 0);
  int empty_rows = 0;
  for (std::size_t p = 0; p < model.attention.size(); ++p) {
    const auto tokens = static_cast<std::ptrdiff_t>(model.valid_lengths[p]);
    for (auto row = model.attention[p].begin(); row != model.attention[p].end(); row += tokens)
      empty_rows += std::all_of(row, row + tokens, [](std::uint8_t weight) { return weight == 0; });
  }
  EXPECT_GT(empty_rows, 0);
}

TEST_F(KeepAttention, ChangesNoNumberAndNeedsAPass) {
  plan_.protocol.keep_attention = false;
  const ModelResult without = Measure().models.front();
  EXPECT_EQ(listener_.passes, 1);
  EXPECT_TRUE(without.attention.empty());
  EXPECT_TRUE(listener_.notes.empty());
  plan_.protocol.keep_attention = true;
  plan_.protocol.metrics = HeadMetricSet::kPrompts;
  const ModelResult with = Measure().models.front();
  EXPECT_EQ(listener_.passes, 1);
  EXPECT_EQ(with.attention.size(), 10u);
  EXPECT_EQ(with.timing.reused_from, "");
  EXPECT_EQ(with.prompt_entropies, without.prompt_entropies);
  // What that pass gave is kept, too.
  plan_.protocol.keep_attention = false;
  EXPECT_TRUE(Measure().models.front().attention.empty());
  EXPECT_EQ(listener_.passes, 0);
  fs::remove_all(cache_);
  plan_.protocol.keep_attention = true;
  Measure();
  plan_.protocol.keep_attention = false;
  Measure();
  EXPECT_EQ(listener_.passes, 0);
}

TEST_F(KeepAttention, LeavesOutTheSequenceOfInduction) {
  const ModelResult prompts = Measure().models.front();
  plan_.protocol.metrics = HeadMetricSet::kAll;
  const ModelResult all = Measure().models.front();
  ASSERT_FALSE(all.induction_ids.empty());
  EXPECT_EQ(all.attention, prompts.attention);
}

TEST_F(KeepAttention, IsOfOnePassWhereSeedsRepeatIt) {
  const ModelResult once = Measure().models.front();
  plan_.protocol.rerun_seeds = true;
  const ModelResult thrice = Measure().models.front();
  EXPECT_EQ(listener_.passes, 3);
  EXPECT_EQ(thrice.attention, once.attention);
}

TEST_F(KeepAttention, IsTheSameInChunksAndThreads) {
  const ModelResult model = Measure().models.front();
  Listener nobody;
  const RunResult run =
      headspec::Measure(plan_, {.threads = 1, .activation_budget = 1, .fresh = true}, nobody);
  EXPECT_EQ(run.models.front().attention, model.attention);
}

TEST_F(KeepAttention, SaysItsSizeFirst) {
  Use({"checkpoints/phi-mha", "checkpoints/phi-two-shards"});
  const RunResult run = Measure();
  ASSERT_EQ(listener_.notes.size(), 2u);
  EXPECT_EQ(listener_.notes[0], "--keep-attention: 521.5 kB for phi-mha: 4 layers x 4 heads x 10 prompts");
  std::size_t bytes = 0;
  for (const auto& prompt : run.models[0].attention) bytes += prompt.size();
  EXPECT_EQ(bytes, 521456u);
}

TEST_F(KeepAttention, IsRefusedAboveTheLimit) {
  plan_.protocol.attention_limit = 521456;
  EXPECT_EQ(Measure().models.front().error, std::nullopt);
  plan_.protocol.attention_limit = 521455;
  EXPECT_EQ(Refusal(),
            "kInput: --keep-attention: expected at most 521.5 kB (--attention-limit), found 521.5 kB for "
            "phi-mha: 4 layers x 4 heads x 10 prompts; measure fewer prompts, lower --max-length, or raise "
            "--attention-limit");
  EXPECT_EQ(listener_.passes, 0);
}

// Of all models together, before the first is checked or measured.
TEST_F(KeepAttention, IsRefusedForTheWholeLadder) {
  Use({"checkpoints/phi-mha", "no-such-model", "checkpoints/phi-mha"});
  plan_.protocol.attention_limit = 1'000'000;
  const std::string refusal =
      "kInput: --keep-attention: expected at most 1.0 MB (--attention-limit), found 1.0 MB for 2 models; "
      "measure fewer prompts, lower --max-length, or raise --attention-limit";
  EXPECT_EQ(Refusal(), refusal);
  EXPECT_EQ(ErrorOf([&] { headspec::Run(plan_, {}, listener_); }), refusal);
  EXPECT_EQ(listener_.passes + listener_.sanity_passes, 0);
  plan_.protocol.attention_limit = 1'100'000;
  const RunResult run = Measure();
  EXPECT_EQ(run.models[0].attention, run.models[2].attention);
  EXPECT_NE(run.models[1].error, std::nullopt);
}

TEST_F(KeepAttention, OfAModelInItsTurnHasTheLimit) {
  const Subject subject = SubjectOf(plan_.ladder.front());
  plan_.protocol.attention_limit = 15;
  RequireRoomForAttention(subject, {}, plan_.protocol);
  EXPECT_EQ(
      ErrorOf([&] { RequireRoomForAttention(subject, {{1}}, plan_.protocol); }),
      "kInput: --keep-attention: expected at most 0.0 kB (--attention-limit), found 0.0 kB for 1 prompts; "
      "measure fewer prompts, lower --max-length, or raise --attention-limit");
  plan_.protocol.keep_attention = false;
  RequireRoomForAttention(subject, {{1}}, plan_.protocol);
}

TEST_F(KeepAttention, IsRefusedWithPadding) {
  plan_.protocol.padding.to_max_length = true;
  EXPECT_EQ(Refusal(),
            "kInput: --keep-attention: keeps the attention of prompts without padding, found --padding "
            "max-length; leave one of them out");
}

TEST_F(KeepAttention, OfStoredResultsIsRefused) {
  plan_.ladder = {
      {.name = (fs::path(HEADSPEC_TEST_DATA) / "data/published/E11T_gqa_comparison_20260113_181926.json")
                   .string(),
       .path = "",
       .display = "",
       .size = ""}};
  EXPECT_EQ(ErrorOf([&] { Compare(plan_, {}, listener_); }),
            "kInput: --keep-attention: both sides are stored results, nothing is measured; leave it out, or "
            "name models");
}

}  // namespace
}  // namespace headspec::experiment
