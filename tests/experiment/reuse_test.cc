// When a ladder takes a pass from an earlier run, and when it must not.
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "experiment/files.h"
#include "experiment/measurement.h"
#include "experiment/own_cache_folder.h"
#include "experiment/subject_of.h"
#include "golden.h"
#include "headspec/plans.h"
#include "headspec/run.h"

namespace headspec::experiment {
namespace {
namespace fs = std::filesystem;

// Counts the passes that are computed: each announces its layers.
class PassCounter final : public Observer {
 public:
  void OnWorkBegin(std::string_view what, std::int64_t, WorkUnit) override {
    passes += what == "layers";
    sanity_passes += what == "sanity check: layers";
  }
  void OnSanity(const ModelEntry&, const SanityResult& sanity) override { attempts.push_back(sanity); }
  void OnWorkAdvance(std::int64_t) override {
    if (on_advance) on_advance();
  }

  int passes = 0;
  int sanity_passes = 0;
  std::vector<SanityResult> attempts;
  std::function<void()> on_advance;
};

class ReuseTest : public OwnCacheTest {
 protected:
  void SetUp() override {
    fs::copy(golden::Folder() / "checkpoints" / "phi-mha", model_);
    for (const auto& file : fs::directory_iterator(model_))
      fs::permissions(file.path(), fs::perms::owner_write, fs::perm_options::add);
    plan_.protocol = DefaultProtocol();
    plan_.protocol.sanity_min_si = 0;
    plan_.ladder = {{.name = "m", .path = model_.string(), .display = "m", .size = ""}};
    UsePrecision(Precision::kFloat32);
  }
  void UsePrecision(Precision precision) {
    plan_.protocol.variants = {{.use_chat_template = false, .precision = precision, .label = "one"}};
  }
  ModelResult Measure(const RunOptions& options = {}) {
    counter_ = PassCounter();
    return headspec::Measure(plan_, options, counter_).models.front();
  }
  void ExpectMeasured(const RunOptions& options = {}) {
    const ModelResult result = Measure(options);
    EXPECT_EQ(counter_.passes, 1);
    EXPECT_EQ(result.error, std::nullopt);
    EXPECT_EQ(result.timing.reused_from, "");
    EXPECT_EQ(result.warnings, std::vector<std::string>());
  }
  void ExpectReused(const RunOptions& options = {}) {
    const ModelResult result = Measure(options);
    EXPECT_EQ(counter_.passes, 0);
    EXPECT_EQ(result.error, std::nullopt);
    EXPECT_EQ(result.timing.reused_from.size(), 15u);
  }
  std::vector<fs::path> Entries() const {
    std::vector<fs::path> entries;
    for (const auto& entry : fs::directory_iterator(cache_ / "passes")) entries.push_back(entry.path());
    return entries;
  }
  void FlipByte(const std::string& file, std::size_t from_end) const {
    std::string bytes = ReadWholeFile(model_ / file, "file");
    char& byte = bytes[bytes.size() - from_end];
    byte = static_cast<char>(byte ^ 1);
    std::ofstream(model_ / file, std::ios::binary) << bytes;
  }

  const fs::path model_ = folder_ / "m";
  Plan plan_;
  PassCounter counter_;
};

TEST_F(ReuseTest, GivesTheSameResult) {
  const ModelResult first = Measure();
  EXPECT_EQ(counter_.passes, 1);
  const ModelResult again = Measure();
  EXPECT_EQ(counter_.passes, 0);
  EXPECT_NE(again.timing.reused_from, "");
  EXPECT_EQ(again.timing.forward_seconds, first.timing.forward_seconds);
  EXPECT_EQ(again.prompt_entropies, first.prompt_entropies);
  EXPECT_EQ(again.head_entropies, first.head_entropies);
  EXPECT_EQ(again.si_values, first.si_values);
  EXPECT_EQ(again.corr_mean, first.corr_mean);
  EXPECT_EQ(again.token_ids, first.token_ids);
  EXPECT_EQ(again.numerics.cpu_target, first.numerics.cpu_target);
  EXPECT_EQ(again.numerics.max_abs_score, first.numerics.max_abs_score);
  EXPECT_EQ(again.provenance.files.size(), first.provenance.files.size());
  EXPECT_EQ(again.warnings, first.warnings);
}

TEST_F(ReuseTest, HappensWhateverDoesNotChangeTheNumbers) {
  ExpectMeasured();
  ExpectReused({.threads = 1});
  ExpectReused({.activation_budget = 1});
  ExpectReused({.low_memory = true});
  plan_.protocol.seeds = {7};
  ExpectReused();
  fs::rename(model_, folder_ / "elsewhere");
  plan_.ladder.front().path = At("elsewhere");
  plan_.ladder.front().name = "other";
  ExpectReused();
}

TEST_F(ReuseTest, DoesNotHappenWhenAskedForFreshNumbers) {
  ExpectMeasured();
  ExpectMeasured({.fresh = true});
  EXPECT_EQ(Entries().size(), 1u);
  plan_.protocol.rerun_seeds = true;
  Measure();
  EXPECT_EQ(counter_.passes, 3);
  EXPECT_EQ(Entries().size(), 1u);
  plan_.protocol.rerun_seeds = false;
  ExpectReused();
}

TEST_F(ReuseTest, DoesNotHappenForOtherInputs) {
  ExpectMeasured();
  FlipByte("model.safetensors", 1);
  ExpectMeasured();
  FlipByte("model.safetensors", 1);
  ExpectReused();
  plan_.protocol.prompts.prompts.front() += "!";
  ExpectMeasured();
  std::swap(plan_.protocol.prompts.prompts[0], plan_.protocol.prompts.prompts[1]);
  ExpectMeasured();
  plan_.protocol.max_length = 5;
  Measure();
  EXPECT_EQ(counter_.passes, 1);
  UsePrecision(Precision::kBFloat16);
  Measure();
  EXPECT_EQ(counter_.passes, 1);
  plan_.protocol.profile = Profile::kHf447;
  Measure();
  EXPECT_EQ(counter_.passes, 1);
  EXPECT_EQ(Entries().size(), 7u);
}

TEST_F(ReuseTest, DoesNotHappenForAnotherConfiguration) {
  ExpectMeasured();
  std::ofstream(model_ / "config.json", std::ios::app) << "\n";
  ExpectMeasured();
}

// A machine without fused multiply-add gives other last digits, and one with it the same on every set.
TEST_F(ReuseTest, GoesByTheKindOfArithmetic) {
  ExpectMeasured();
  std::set<std::string> kinds = {"fused"};
  for (const std::string name : {"SSE2", "SSSE3", "SSE4", "AVX2", "AVX3"}) {
    const ModelResult result = Measure({.cpu_target = name});
    if (result.error) continue;  // not on this machine
    kinds.insert(name.starts_with("AVX") ? "fused" : name);
    EXPECT_EQ(counter_.passes, name.starts_with("AVX") ? 0 : 1) << name;
  }
  EXPECT_EQ(Entries().size(), kinds.size());
}

// The bf16 unit adds in an order of its own; where there is none, nothing is different.
TEST_F(ReuseTest, TellsTheBf16UnitApart) {
  UsePrecision(Precision::kBFloat16);
  ExpectMeasured();
  const ModelResult fast = Measure({.fast_bf16 = true});
  const bool has_unit = fast.numerics.cpu_target.find("-BF16") != std::string::npos;
  EXPECT_EQ(counter_.passes, has_unit ? 1 : 0);
  EXPECT_EQ(Entries().size(), has_unit ? 2u : 1u);
  ExpectReused({.fast_bf16 = true});
  ExpectReused();
}

// As most tests measure: nothing tells which files they are.
TEST_F(ReuseTest, NeedsFilesThatAreIdentified) {
  counter_ = PassCounter();
  const ModelEntry& entry = plan_.ladder.front();
  for (int i = 0; i < 2; ++i) {
    const ModelResult result = MeasureModel(SubjectOf(entry), entry, plan_.protocol, {}, counter_);
    EXPECT_EQ(result.warnings, std::vector<std::string>());
    EXPECT_EQ(result.provenance.files.size(), 1u);
  }
  EXPECT_EQ(counter_.passes, 2);
  EXPECT_FALSE(fs::exists(cache_));
}

TEST_F(ReuseTest, NeedsFilesThatAreCertain) {
  const ModelEntry& entry = plan_.ladder.front();
  Subject subject = SubjectOf(entry);
  subject.files = SubjectFiles();
  const ModelResult result = MeasureModel(subject, entry, plan_.protocol, {}, counter_);
  EXPECT_EQ(result.warnings,
            std::vector<std::string>{
                "the result is not kept for later runs: files were replaced while the model was opened"});
  EXPECT_FALSE(fs::exists(cache_));
}

TEST_F(ReuseTest, MeasuresAgainWhatIsDamagedAndMendsIt) {
  ExpectMeasured();
  const fs::path entry = Entries().front();
  const std::string bytes = ReadWholeFile(entry, "entry");
  std::ofstream(entry, std::ios::binary) << bytes.substr(0, bytes.size() / 2);
  const ModelResult result = Measure();
  EXPECT_EQ(counter_.passes, 1);
  EXPECT_EQ(result.warnings, std::vector<std::string>{"kept result " + entry.string() +
                                                      " is damaged (checksum differs): measured again"});
  ExpectReused();
}

TEST_F(ReuseTest, IsNotNeededToMeasure) {
  Write("own-cache", "a file where the folder should be");
  const ModelResult result = Measure();
  EXPECT_EQ(counter_.passes, 1);
  EXPECT_EQ(result.error, std::nullopt);
  ASSERT_EQ(result.warnings.size(), 1u);
  EXPECT_TRUE(result.warnings.front().starts_with("the result is not kept for later runs: cannot write "));
}

TEST_F(ReuseTest, IsNotOfWeightsThatChangedMeanwhile) {
  counter_ = PassCounter();
  counter_.on_advance = [&] { FlipByte("model.safetensors", 1); };
  const ModelResult result = headspec::Measure(plan_, {}, counter_).models.front();
  EXPECT_EQ(result.warnings,
            std::vector<std::string>{"model.safetensors changed while it was measured: the result is "
                                     "not to be trusted and not kept"});
  EXPECT_FALSE(fs::exists(cache_ / "passes"));
}

TEST_F(ReuseTest, HoldsForTheSanityCheckToo) {
  plan_.protocol.fallback = Fallback::kFirstModel;
  PassCounter first;
  headspec::Run(plan_, {}, first);
  EXPECT_EQ(first.sanity_passes, 1);
  PassCounter again;
  headspec::Run(plan_, {}, again);
  EXPECT_EQ(again.sanity_passes + again.passes, 0);
  ASSERT_EQ(again.attempts.size(), 1u);
  EXPECT_EQ(again.attempts[0].attn_abs_mean, first.attempts[0].attn_abs_mean);
  EXPECT_EQ(again.attempts[0].attn_std, first.attempts[0].attn_std);
  EXPECT_EQ(again.attempts[0].heads_identical, first.attempts[0].heads_identical);
  EXPECT_EQ(again.attempts[0].entropy_range, first.attempts[0].entropy_range);
  EXPECT_EQ(again.attempts[0].baseline_si, first.attempts[0].baseline_si);
  PassCounter fresh;
  headspec::Run(plan_, {.fresh = true}, fresh);
  EXPECT_EQ(fresh.sanity_passes, 1);
  EXPECT_EQ(fresh.passes, 1);
}

// Overflow in fp16 and the fall back to fp32: what was not finite is remembered as such.
TEST_F(ReuseTest, RemembersWhereItOverflowed) {
  plan_.ladder.front().path = (golden::Folder() / "checkpoints" / "phi-fp16-overflow").string();
  UsePrecision(Precision::kFloat16);
  const ModelResult first = Measure();
  const ModelResult again = Measure();
  EXPECT_EQ(counter_.passes, 0);
  EXPECT_GT(first.numerics.non_finite.count, 0);
  EXPECT_EQ(again.numerics.non_finite.count, first.numerics.non_finite.count);
  EXPECT_EQ(again.numerics.non_finite.operation, first.numerics.non_finite.operation);
  EXPECT_EQ(again.numerics.non_finite.head, first.numerics.non_finite.head);
  EXPECT_EQ(again.warnings, first.warnings);
}

}  // namespace
}  // namespace headspec::experiment
