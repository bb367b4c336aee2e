// Kept passes: used again for exactly the same inputs, and for nothing else.
#include "experiment/pass_memo.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "core/hash.h"
#include "experiment/files.h"
#include "experiment/manifest.h"
#include "experiment/own_cache.h"
#include "experiment/own_cache_folder.h"
#include "golden.h"
#include "headspec/run.h"

namespace headspec::experiment {
namespace {
namespace fs = std::filesystem;

PassInputs Inputs() {
  PassInputs inputs;
  inputs.content = "sha256:aa config.json\nsha256:bb model.safetensors\n";
  inputs.arithmetic = "fused multiply-add";
  inputs.ids = {{1, 2, 3}, {4, 5}};
  return inputs;
}

constexpr PassShape kShape = {.prompts = 2, .layers = 2, .heads = 3, .has_probe = false};

PassResult Result() {
  const double infinity = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  PassResult result;
  result.per_prompt = {{{0.1, 1.0 / 3, -0.0}, {nan, infinity, -infinity}},
                       {{5e-324, 1.7976931348623157e308, -nan}, {1, 1e22, 0x1.fffffffffffffp-3}}};
  result.max_abs_score = {1e-300, infinity};
  result.non_finite = {7, "attention scores", 1, 0, -1};
  result.cpu_target = "AVX2";
  result.computed_at = "20260113_181926";
  result.seconds = 12.345678901234567;
  return result;
}

// NaN equals NaN, and -0 is not 0.
bool SameBits(const std::vector<double>& a, const std::vector<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](double x, double y) {
    return (std::isnan(x) && std::isnan(y)) ||
           std::bit_cast<std::uint64_t>(x) == std::bit_cast<std::uint64_t>(y);
  });
}

void ExpectSame(const PassResult& found, const PassResult& expected) {
  ASSERT_EQ(found.per_prompt.size(), expected.per_prompt.size());
  for (std::size_t p = 0; p < found.per_prompt.size(); ++p) {
    ASSERT_EQ(found.per_prompt[p].size(), expected.per_prompt[p].size());
    for (std::size_t l = 0; l < found.per_prompt[p].size(); ++l)
      EXPECT_TRUE(SameBits(found.per_prompt[p][l], expected.per_prompt[p][l])) << p << " " << l;
  }
  EXPECT_TRUE(SameBits(found.max_abs_score, expected.max_abs_score));
  EXPECT_EQ(found.non_finite.count, expected.non_finite.count);
  EXPECT_EQ(found.non_finite.operation, expected.non_finite.operation);
  EXPECT_EQ(found.non_finite.layer, expected.non_finite.layer);
  EXPECT_EQ(found.non_finite.prompt, expected.non_finite.prompt);
  EXPECT_EQ(found.non_finite.head, expected.non_finite.head);
  ASSERT_EQ(found.probe.has_value(), expected.probe.has_value());
  if (found.probe) {
    EXPECT_TRUE(SameBits({found.probe->abs_mean, found.probe->deviation},
                         {expected.probe->abs_mean, expected.probe->deviation}));
    EXPECT_EQ(found.probe->is_finite, expected.probe->is_finite);
    EXPECT_EQ(found.probe->first_heads_close, expected.probe->first_heads_close);
  }
  EXPECT_EQ(found.cpu_target, expected.cpu_target);
  EXPECT_EQ(found.computed_at, expected.computed_at);
  EXPECT_EQ(found.seconds, expected.seconds);
}

TEST(PassKeyTest, DependsOnEverythingThatDecides) {
  const std::vector<std::function<void(PassInputs&)>> changes = {
      [](PassInputs&) {},
      [](PassInputs& in) { in.kind = PassKind::kSanity; },
      [](PassInputs& in) { in.content[7] = 'c'; },
      [](PassInputs& in) { in.content += "sha256:cc model-2.safetensors\n"; },
      [](PassInputs& in) { in.profile = Profile::kHf447; },
      [](PassInputs& in) { in.profile = Profile::kExact; },
      [](PassInputs& in) { in.precision = Precision::kFloat16; },
      [](PassInputs& in) { in.precision = Precision::kFloat32; },
      [](PassInputs& in) { in.score_type = DType::kF32; },
      [](PassInputs& in) { in.arithmetic = "AMX-BF16"; },
      [](PassInputs& in) { in.arithmetic = "SSE4"; },
      [](PassInputs& in) { in.ids[0][1] = 7; },
      [](PassInputs& in) { std::swap(in.ids[0], in.ids[1]); },
      [](PassInputs& in) {
        in.ids = {{1, 2, 3}};
      },
      [](PassInputs& in) { in.ids.emplace_back(); },
      [](PassInputs& in) {
        in.ids = {{1, 2, 3, 4, 5}};
      },
      [](PassInputs& in) {
        in.ids = {{1, 2}, {3, 4, 5}};
      },
      [](PassInputs& in) {
        in.ids = {{1, 23}, {4, 5}};
      },
      [](PassInputs& in) {
        in.ids = {{12, 3}, {4, 5}};
      },
  };
  std::set<std::string> keys;
  for (const auto& change : changes) {
    PassInputs inputs = Inputs();
    change(inputs);
    keys.insert(PassKey(inputs));
  }
  EXPECT_EQ(keys.size(), changes.size());
  EXPECT_EQ(PassKey(Inputs()), PassKey(Inputs()));
}

class PassMemoTest : public OwnCacheTest {
 protected:
  fs::path EntryOf(const std::string& key) const {
    return cache_ / "passes" / HexHash(HashKind::kSha256, key);
  }
  void ExpectDamaged(const std::string& why, const PassShape& shape = kShape) const {
    const KeptPass found = FindPass(key_, shape);
    EXPECT_FALSE(found.result);
    EXPECT_EQ(found.warning, "kept result " + EntryOf(key_).string() + " " + why + ": measured again");
  }
  // An entry whose checksum is right and whose content is `content`.
  void Forge(const std::string& content) const {
    ASSERT_EQ(WriteKept(EntryOf(key_), "headspec kept pass, format 1", content), "");
  }

  const std::string key_ = PassKey(Inputs());
};

TEST_F(PassMemoTest, GivesBackEveryBit) {
  EXPECT_FALSE(FindPass(key_, kShape).result);
  EXPECT_EQ(FindPass(key_, kShape).warning, "");
  EXPECT_EQ(KeepPass(key_, Result()), "");
  const KeptPass found = FindPass(key_, kShape);
  ASSERT_TRUE(found.result);
  EXPECT_EQ(found.warning, "");
  ExpectSame(*found.result, Result());
  EXPECT_EQ(std::distance(fs::directory_iterator(cache_ / "passes"), fs::directory_iterator()), 1);
}

TEST_F(PassMemoTest, GivesBackTheProbe) {
  PassResult result = Result();
  result.probe = ProbeValues{0.1, std::numeric_limits<double>::quiet_NaN(), false, true};
  EXPECT_EQ(KeepPass(key_, result), "");
  PassShape shape = kShape;
  shape.has_probe = true;
  const KeptPass found = FindPass(key_, shape);
  ASSERT_TRUE(found.result);
  ExpectSame(*found.result, result);
  ExpectDamaged("is damaged (its content is not understood)");  // where none is expected
}

TEST_F(PassMemoTest, RecognisesEveryFlippedByteAndEveryCut) {
  KeepPass(key_, Result());
  const std::string bytes = ReadWholeFile(EntryOf(key_), "entry");
  ASSERT_GT(bytes.size(), 500u);
  const auto expect_refused = [&](const std::string& damaged, const std::string& how) {
    std::ofstream(EntryOf(key_), std::ios::binary) << damaged;
    const KeptPass found = FindPass(key_, kShape);
    EXPECT_FALSE(found.result) << how;
    EXPECT_NE(found.warning, "") << how;
  };
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ (1 << i % 8));
    expect_refused(damaged, "byte " + std::to_string(i));
    expect_refused(bytes.substr(0, i), "cut at " + std::to_string(i));
  }
  expect_refused(bytes + "\n", "longer");
  expect_refused(bytes + bytes, "twice");
  std::ofstream(EntryOf(key_), std::ios::binary) << bytes;
  EXPECT_TRUE(FindPass(key_, kShape).result);
}

TEST_F(PassMemoTest, SaysWhatIsWrong) {
  const fs::path entry = EntryOf(key_);
  KeepPass(key_, Result());
  const std::string bytes = ReadWholeFile(entry, "entry");
  std::ofstream(entry, std::ios::binary) << bytes.substr(0, bytes.size() - 1);
  ExpectDamaged("is damaged (checksum differs)");
  std::ofstream(entry, std::ios::binary) << "";
  ExpectDamaged("is damaged (not of this format)");
  std::ofstream(entry, std::ios::binary) << "headspec kept pass, format 2\n"
                                         << bytes.substr(bytes.find('\n') + 1);
  ExpectDamaged("is damaged (not of this format)");
  std::ofstream(entry, std::ios::binary) << bytes.substr(0, 60);
  ExpectDamaged("is damaged (cut short)");
  fs::remove(entry);
  fs::create_directory(entry);
  ExpectDamaged("is damaged (a folder, not a file)");
  fs::remove(entry);
  ASSERT_EQ(mkfifo(entry.c_str(), 0600), 0);
  ExpectDamaged("is damaged (a device or pipe, not a file)");
  fs::remove(entry);
  fs::create_symlink(entry, entry);
  ExpectDamaged("cannot be read (Too many levels of symbolic links)");
  EXPECT_EQ(KeepPass(key_, Result()), "");
  EXPECT_TRUE(FindPass(key_, kShape).result) << "replaced";
}

// A sparse file of many gigabytes must not be read into memory.
TEST_F(PassMemoTest, DoesNotReadWhatIsTooLarge) {
  KeepPass(key_, Result());
  fs::resize_file(EntryOf(key_), std::uintmax_t{8} << 30);
  ExpectDamaged("is damaged (larger than it can be)");
}

// What has a right checksum and a wrong content was made so.
TEST_F(PassMemoTest, RefusesForgedContent) {
  KeepPass(key_, Result());
  const std::string head = "key " + std::to_string(key_.size()) + "\n" + key_;
  const std::string text = ReadWholeFile(EntryOf(key_), "entry");
  const std::string good = text.substr(text.find(head) + head.size());
  Forge(head + good);
  EXPECT_TRUE(FindPass(key_, kShape).result);
  for (std::size_t cut = 0; cut < good.size(); ++cut) {
    Forge(head + good.substr(0, cut));
    ExpectDamaged("is damaged (its content is not understood)");
  }
  const auto with = [&](const std::string& part, const std::string& replacement) {
    const std::size_t at = good.find(part);
    EXPECT_NE(at, std::string::npos) << part;
    return head + good.substr(0, at) + replacement + good.substr(at + part.size());
  };
  for (const auto& [part, replacement] :
       std::vector<std::pair<std::string, std::string>>{{"20260113_181926", "20260113 181926"},
                                                        {"20260113_181926", ""},
                                                        {"seconds 12.3", "seconds -12.3"},
                                                        {"seconds 12.345678901234567", "seconds nan"},
                                                        {"non-finite 7", "non-finite -7"},
                                                        {"non-finite 7", "non-finite 99999999999999999999"},
                                                        {"0.1", "0.1x"},
                                                        {"0.1", ""},
                                                        {"0.1", "0.1 0.1"},
                                                        {"0.1", "0x1p4"},
                                                        {"prompt\n", ""},
                                                        {"prompt\n", "prompt\nprompt\n"},
                                                        {"max-abs-score", "max"}}) {
    Forge(with(part, replacement));
    ExpectDamaged("is damaged (its content is not understood)");
  }
  for (const auto& change :
       std::vector<void (*)(PassShape&)>{[](PassShape& s) { ++s.prompts; }, [](PassShape& s) { --s.prompts; },
                                         [](PassShape& s) { ++s.layers; }, [](PassShape& s) { --s.heads; },
                                         [](PassShape& s) { s.has_probe = true; }}) {
    Forge(head + good);
    PassShape other = kShape;
    change(other);
    ExpectDamaged("is damaged (its content is not understood)", other);
  }
}

// As if two keys had one hash, or somebody had renamed an entry.
TEST_F(PassMemoTest, ComparesTheKeyItself) {
  PassInputs other = Inputs();
  other.content[7] = 'c';
  KeepPass(PassKey(other), Result());
  fs::rename(EntryOf(PassKey(other)), EntryOf(key_));
  ExpectDamaged("is damaged (it is of another measurement)");
}

TEST_F(PassMemoTest, SaysThatNothingCanBeKept) {
  Write("own-cache", "a file where the folder should be");
  EXPECT_FALSE(FindPass(key_, kShape).result);
  EXPECT_EQ(FindPass(key_, kShape).warning, "");
  EXPECT_EQ(KeepPass(key_, Result()), "the result is not kept for later runs: cannot write " +
                                          EntryOf(key_).string() + " (Not a directory)");
  fs::remove(cache_);
  fs::create_directories(EntryOf(key_));
  EXPECT_EQ(KeepPass(key_, Result()), "the result is not kept for later runs: cannot write " +
                                          EntryOf(key_).string() + " (Is a directory)");
  const EnvironmentValue own("HEADSPEC_CACHE", nullptr);
  const EnvironmentValue xdg("XDG_CACHE_HOME", nullptr);
  const EnvironmentValue home("HOME", nullptr);
  EXPECT_FALSE(FindPass(key_, kShape).result);
  EXPECT_EQ(KeepPass(key_, Result()),
            "the result is not kept for later runs: none of HEADSPEC_CACHE, XDG_CACHE_HOME and HOME "
            "is an absolute path");
}

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
