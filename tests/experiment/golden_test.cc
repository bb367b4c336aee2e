// The whole measurement against the reference: the notebook's functions on transformers 4.57.6.
#include "golden.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>
#include <mutex>

#include "checkpoint/safetensors.h"
#include "engine/forward.h"
#include "experiment/files.h"
#include "experiment/measurement.h"
#include "experiment/precision.h"
#include "experiment/prompts.h"
#include "experiment/subject_of.h"
#include "headspec/plans.h"

namespace headspec::experiment {
namespace {

constexpr double kExact = 1e-6;  // float32 everywhere; all precisions in layer 0

ModelResult MeasureGolden(const std::filesystem::path& folder, const std::string& dtype,
                          const std::string& prompts, Profile profile = Profile::kHf457) {
  Protocol protocol = DefaultProtocol();
  protocol.profile = profile;
  protocol.prompts = LoadPrompts(golden::PromptsArgument(prompts));
  ModelEntry entry;
  entry.name = folder.string();
  MeasurementSettings settings;
  settings.precision = ParsePrecision(dtype, "test");
  Observer silent;
  return MeasureModel(SubjectOf(entry), entry, protocol, settings, silent);
}

// How far deeper layers may be from the reference in a rounding precision. Every rounding that falls the
// other way because sums ran in another order is a draw from the distribution that `floor_reversed` samples:
// the reference against itself with every sum reversed. A few flips decide each sample, so one sample says
// little; the largest over all checkpoints, prompt lists and layers of a precision, times four, bounds ours.
double DeepBound(const std::string& dtype) {
  double largest = 0;
  for (const std::string& name : golden::CheckpointNames()) {
    const auto expected = golden::Expected(name);
    for (const auto& run : expected.at("runs").at(dtype)) {
      for (const double distance : run.at("floor_reversed").at("entropy_max"))
        largest = std::max(largest, distance);
    }
  }
  return 4 * largest;
}

class GoldenMeasurement : public testing::TestWithParam<std::tuple<std::string, std::string, std::string>> {};

TEST_P(GoldenMeasurement, AgreesWithTheReference) {
  const auto& [name, dtype, prompts] = GetParam();
  const auto expected = golden::Expected(name).at("runs").at(dtype).at(prompts);
  const ModelResult found = MeasureGolden(golden::Folder() / "checkpoints" / name, dtype, prompts);
  EXPECT_EQ(found.token_ids, expected.at("token_ids").get<std::vector<std::vector<int>>>());
  EXPECT_EQ(found.valid_lengths, expected.at("lengths").get<std::vector<int>>());
  const double bound = dtype == "float32" ? kExact : DeepBound(dtype);
  for (std::size_t layer = 0; layer < found.head_entropies.size(); ++layer) {
    EXPECT_LE(golden::LayerDistance(found.head_entropies, expected.at("entropies"), layer),
              layer == 0 ? kExact : bound)
        << "layer " << layer;
  }
  if (dtype == "float32") {
    EXPECT_NEAR(found.si_mean, expected.at("si").get<double>(), kExact);
    EXPECT_NEAR(found.corr_mean, expected.at("corr").get<double>(), kExact);
  }
  golden::RecordParity(name, dtype, prompts, found.head_entropies, found.si_mean, expected);
}

std::string TestName(const testing::TestParamInfo<GoldenMeasurement::ParamType>& info) {
  std::string name = std::get<0>(info.param) + "_" + std::get<1>(info.param) + "_" + std::get<2>(info.param);
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Checkpoints, GoldenMeasurement,
                         testing::Combine(testing::ValuesIn(golden::CheckpointNames()),
                                          testing::Values("float32", "bfloat16", "float16"),
                                          testing::Values("standard-10", "prompts-tricky")),
                         TestName);

// transformers 4.47.1, which multiplies queries and keys in float32. The profiles differ by more than the
// bound in layer 0, so each is told from the other.
TEST(GoldenProfile, Hf447AgreesWithItsTransformers) {
  for (const std::string name : {"phi-mha", "phi-two-shards", "phi-rope-linear", "phi-fp16-overflow"}) {
    const auto folder = golden::Folder() / "checkpoints" / name;
    const auto expected = golden::ReadJson(folder / "expected-hf-4.47.json");
    for (const std::string dtype : {"bfloat16", "float16"}) {
      const auto& run = expected.at("runs").at(dtype);
      const ModelResult found = MeasureGolden(folder, dtype, "standard-10", Profile::kHf447);
      const ModelResult other = MeasureGolden(folder, dtype, "standard-10");
      EXPECT_EQ(found.numerics.profile, "hf-4.47");
      EXPECT_GT(golden::LayerDistance(other.head_entropies, run.at("entropies"), 0), kExact) << name << dtype;
      for (std::size_t layer = 0; layer < found.head_entropies.size(); ++layer) {
        EXPECT_LE(golden::LayerDistance(found.head_entropies, run.at("entropies"), layer),
                  layer == 0 ? kExact : DeepBound(dtype))
            << name << ", " << dtype << ", layer " << layer;
      }
    }
  }
}

// The bounds above must stay far below what a missing rounding would do.
TEST(GoldenBounds, AreTight) {
  for (const std::string dtype : {"bfloat16", "float16"}) {
    EXPECT_GT(DeepBound(dtype), 0) << dtype;
    EXPECT_LT(DeepBound(dtype), 2e-3) << dtype;
    RecordProperty(dtype, std::to_string(DeepBound(dtype)));
  }
}

// Keeps the attention of prompt 0 whole: (L)(H)(T*T).
class KeepingSink final : public engine::AttentionSink {
 public:
  void Take(const engine::AttentionTile& tile) override {
    if (tile.prompt != 0) return;
    const std::lock_guard lock(mutex_);
    auto& kept = rows_[{tile.layer, tile.head}];
    kept.resize(static_cast<std::size_t>(tile.tokens) * static_cast<std::size_t>(tile.tokens));
    for (int i = 0; i < tile.rows.rows; ++i) {
      std::copy_n(tile.rows.Row(i), tile.rows.cols,
                  kept.begin() + static_cast<std::ptrdiff_t>(tile.first_query + i) * tile.tokens);
    }
  }
  const std::vector<float>& Of(int layer, int head) const { return rows_.at({layer, head}); }

 private:
  std::mutex mutex_;
  std::map<std::pair<int, int>, std::vector<float>> rows_;
};

float Widen(DType dtype, const std::byte* bytes) {
  if (dtype == DType::kF32) {
    float value = 0;
    std::memcpy(&value, bytes, sizeof value);
    return value;
  }
  std::uint16_t half = 0;
  std::memcpy(&half, bytes, sizeof half);
  if (dtype == DType::kBF16) return std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16);
  const int exponent = (half >> 10) & 31;
  const double mantissa = (half & 1023) / 1024.0;
  return static_cast<float>(exponent == 0 ? std::ldexp(mantissa, -14)
                                          : std::ldexp(1 + mantissa, exponent - 15));
}

struct Probabilities {
  std::size_t differing = 0;
  std::size_t count = 0;
  double largest = 0;
};

Probabilities Compare(const KeepingSink& found, const checkpoint::TensorEntry& entry, const std::byte* data,
                      int layer) {
  Probabilities result;
  const std::size_t width = static_cast<std::size_t>(BitsOf(entry.dtype)) / 8;
  const std::size_t per_head = entry.shape[1] * entry.shape[2];
  for (std::size_t head = 0; head < entry.shape[0]; ++head) {
    const auto& ours = found.Of(layer, static_cast<int>(head));
    for (std::size_t i = 0; i < per_head; ++i, data += width, ++result.count) {
      const float theirs = Widen(entry.dtype, data);
      if (std::isnan(theirs) && std::isnan(ours[i])) continue;
      result.differing += ours[i] == theirs ? 0 : 1;
      result.largest =
          std::max(result.largest, std::abs(static_cast<double>(ours[i]) - static_cast<double>(theirs)));
    }
  }
  return result;
}

engine::ForwardOptions OptionsFor(const std::string& dtype) {
  engine::ForwardOptions options;
  options.type = options.score_type = TypeOf(ParsePrecision(dtype, "test"));
  return options;
}

class GoldenAttention : public testing::TestWithParam<std::string> {};

TEST_P(GoldenAttention, ProbabilitiesAgreeWithTheReference) {
  const auto folder = golden::Folder() / "checkpoints" / GetParam();
  const std::string bytes = ReadWholeFile(folder / "attention.safetensors", "golden attention");
  const auto header = checkpoint::ParseSafetensors(std::as_bytes(std::span(bytes)), "attention.safetensors");
  ModelEntry entry;
  entry.name = folder.string();
  const Subject subject = SubjectOf(entry);
  const auto prompts = Tokenise(subject, {LoadPrompts("standard-10-v3").prompts.front()}, 128, false);
  std::map<std::string, KeepingSink> passes;
  for (const auto& tensor : header.tensors) {
    const std::string dtype = tensor.name.substr(0, tensor.name.find('.'));
    const int layer = std::stoi(tensor.name.substr(tensor.name.rfind('.') + 1));
    const bool first_use = !passes.contains(dtype);
    KeepingSink& pass = passes[dtype];
    if (first_use) engine::Forward(subject.model, prompts.ids, pass, OptionsFor(dtype));
    const auto* data = reinterpret_cast<const std::byte*>(bytes.data()) + header.data_offset + tensor.begin;
    const Probabilities compared = Compare(pass, tensor, data, layer);
    // 32-bit: within 5e-5. Rounded: the same bits, but for the rare sum that another order rounds the other
    // way.
    if (dtype == "float32")
      EXPECT_LE(compared.largest, 5e-5) << tensor.name;
    else
      EXPECT_LE(compared.differing, compared.count / 1000) << tensor.name;
  }
  EXPECT_EQ(passes.size(), 3u);
}

INSTANTIATE_TEST_SUITE_P(Checkpoints, GoldenAttention, testing::ValuesIn(golden::CheckpointNames()),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(GoldenOverflow, NamesTheFirstInfinityAndGivesTheNotebooksZeros) {
  const auto expected = golden::Expected("phi-fp16-overflow").at("runs").at("float16").at("standard-10");
  const ModelResult found =
      MeasureGolden(golden::Folder() / "checkpoints" / "phi-fp16-overflow", "float16", "standard-10");
  const auto& has_nan = expected.at("attention_has_nan");
  int heads_with_nan = 0;
  for (std::size_t p = 0; p < found.prompt_entropies.size(); ++p) {
    for (std::size_t layer = 0; layer < found.prompt_entropies[p].size(); ++layer) {
      for (std::size_t head = 0; head < found.prompt_entropies[p][layer].size(); ++head) {
        if (!has_nan.at(p).at(layer).at(head).get<bool>()) continue;
        ++heads_with_nan;
        EXPECT_EQ(found.prompt_entropies[p][layer][head], 0)
            << "prompt " << p << ", layer " << layer << ", head " << head;
      }
    }
  }
  EXPECT_GT(heads_with_nan, 0);
  EXPECT_GT(found.numerics.non_finite.count, 0);
  EXPECT_EQ(found.numerics.non_finite.layer, 1);
  EXPECT_EQ(found.numerics.non_finite.operation, "attention scores");
  EXPECT_FALSE(found.warnings.empty());
}

TEST(GoldenNano, LadderAgreesWithTheReference) {
  const auto expected = golden::ReadJson(golden::Folder() / "nano.json");
  const auto models = std::filesystem::path(HEADSPEC_SOURCE_DIR) / "data" / "nano";
  int compared = 0;
  for (const auto& [name, model] : expected.at("models").items()) {
    const auto& run = model.at("float32");
    const ModelResult found = MeasureGolden(models / name, "float32", "standard-10");
    for (std::size_t layer = 0; layer < found.head_entropies.size(); ++layer) {
      EXPECT_LE(golden::LayerDistance(found.head_entropies, run.at("entropies"), layer), kExact)
          << name << ", layer " << layer;
    }
    EXPECT_NEAR(found.si_mean, run.at("si").get<double>(), kExact) << name;
    ++compared;
  }
  EXPECT_EQ(compared, 3);
}

TEST(Determinism, ResultsDoNotDependOnThreads) {
  const auto folder = golden::Folder() / "checkpoints" / "phi-gqa-qknorm-fp16";
  ModelEntry entry;
  entry.name = folder.string();
  Observer silent;
  std::vector<ModelResult> results;
  for (const int threads : {1, 2, 5}) {
    MeasurementSettings settings;
    settings.run.threads = threads;
    results.push_back(MeasureModel(SubjectOf(entry), entry, DefaultProtocol(), settings, silent));
  }
  EXPECT_EQ(results[0].prompt_entropies, results[1].prompt_entropies);
  EXPECT_EQ(results[0].prompt_entropies, results[2].prompt_entropies);
}

TEST(Chunks, ResultsDoNotDependOnTheBudget) {
  const auto folder = golden::Folder() / "checkpoints" / "phi-mha";
  ModelEntry entry;
  entry.name = folder.string();
  Observer silent;
  std::vector<ModelResult> results;
  for (const std::uint64_t budget : {std::uint64_t{1}, std::uint64_t{200'000}, std::uint64_t{1} << 30}) {
    MeasurementSettings settings;
    settings.run.activation_budget = budget;
    settings.run.low_memory = budget == 1;
    results.push_back(MeasureModel(SubjectOf(entry), entry, DefaultProtocol(), settings, silent));
  }
  EXPECT_EQ(results[0].prompt_entropies, results[2].prompt_entropies);
  EXPECT_EQ(results[1].prompt_entropies, results[2].prompt_entropies);
  EXPECT_EQ(results[0].numerics.max_abs_score, results[2].numerics.max_abs_score);
}

}  // namespace
}  // namespace headspec::experiment
