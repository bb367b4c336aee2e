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
#include "experiment/head_metrics_sink.h"
#include "experiment/own_cache.h"
#include "experiment/own_cache_folder.h"

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
  result.non_finite_step = 5;
  result.cpu_target = "AVX2";
  result.computed_at = "20260113_181926";
  result.seconds = 12.345678901234567;
  return result;
}

PassResult ResultWithMetrics() {
  PassResult result = Result();
  for (const std::string_view name : kPromptMetrics)
    result.head_metrics.push_back({.name = std::string(name), .per_prompt = result.per_prompt});
  result.head_metrics[3].per_prompt[1][1][2] = 0x1.23456789abcdep-9;
  result.head_metrics.push_back({.name = "induction", .per_prompt = {result.per_prompt.back()}});
  return result;
}

constexpr PassShape kShapeWithMetrics = {.prompts = 2,
                                         .layers = 2,
                                         .heads = 3,
                                         .has_probe = false,
                                         .has_head_metrics = true,
                                         .has_induction = true};

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
  EXPECT_EQ(found.non_finite_step, expected.non_finite_step);
  ASSERT_EQ(found.probe.has_value(), expected.probe.has_value());
  if (found.probe) {
    EXPECT_TRUE(SameBits({found.probe->abs_mean, found.probe->deviation},
                         {expected.probe->abs_mean, expected.probe->deviation}));
    EXPECT_EQ(found.probe->is_finite, expected.probe->is_finite);
    EXPECT_EQ(found.probe->first_heads_close, expected.probe->first_heads_close);
  }
  ASSERT_EQ(found.head_metrics.size(), expected.head_metrics.size());
  for (std::size_t m = 0; m < found.head_metrics.size(); ++m) {
    EXPECT_EQ(found.head_metrics[m].name, expected.head_metrics[m].name);
    ASSERT_EQ(found.head_metrics[m].per_prompt.size(), expected.head_metrics[m].per_prompt.size());
    for (std::size_t p = 0; p < found.head_metrics[m].per_prompt.size(); ++p) {
      for (std::size_t l = 0; l < found.head_metrics[m].per_prompt[p].size(); ++l)
        EXPECT_TRUE(
            SameBits(found.head_metrics[m].per_prompt[p][l], expected.head_metrics[m].per_prompt[p][l]));
    }
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
      [](PassInputs& in) { in.has_head_metrics = true; },
      [](PassInputs& in) {
        in.induction = {4, 5};
      },
      [](PassInputs& in) {
        in.induction = {4, 5, 4, 5};
        in.has_head_metrics = true;
      },
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
    ASSERT_EQ(WriteKept(EntryOf(key_), "headspec kept pass, format 3", content), "");
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

TEST_F(PassMemoTest, GivesBackTheHeadMetrics) {
  EXPECT_EQ(KeepPass(key_, ResultWithMetrics()), "");
  const KeptPass found = FindPass(key_, kShapeWithMetrics);
  ASSERT_TRUE(found.result);
  ExpectSame(*found.result, ResultWithMetrics());
  ExpectDamaged("is damaged (its content is not understood)");  // where none are expected
  PassShape without_induction = kShapeWithMetrics;
  without_induction.has_induction = false;
  ExpectDamaged("is damaged (its content is not understood)", without_induction);
}

// With a right checksum: cut anywhere, under another name, in another order, or twice.
TEST_F(PassMemoTest, RefusesForgedHeadMetrics) {
  KeepPass(key_, ResultWithMetrics());
  const std::string head = "key " + std::to_string(key_.size()) + "\n" + key_;
  const std::string text = ReadWholeFile(EntryOf(key_), "entry");
  const std::string good = text.substr(text.find(head) + head.size());
  const auto expect_refused = [&](const std::string& content) {
    Forge(head + content);
    ExpectDamaged("is damaged (its content is not understood)", kShapeWithMetrics);
  };
  for (std::size_t cut = good.find("metric "); cut < good.size(); ++cut) expect_refused(good.substr(0, cut));
  const auto with = [&](const std::string& part, const std::string& replacement) {
    const std::size_t at = good.find(part);
    EXPECT_NE(at, std::string::npos) << part;
    return good.substr(0, at) + replacement + good.substr(at + part.size());
  };
  expect_refused(with("metric sink_mass", "metric sink_mas"));
  expect_refused(with("metric sink_mass", "metric induction"));
  expect_refused(with("metric induction\n", ""));
  expect_refused(with("metric induction\n", "metric induction\nprompt\n"));
  expect_refused(good + good.substr(good.find("metric induction")));
  Forge(head + good);
  EXPECT_TRUE(FindPass(key_, kShapeWithMetrics).result);
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
  std::ofstream(entry, std::ios::binary) << "headspec kept pass, format 9\n"
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

}  // namespace
}  // namespace headspec::experiment
