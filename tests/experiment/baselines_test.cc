#include "experiment/baselines.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "experiment/measurement.h"
#include "experiment/random_weights.h"
#include "experiment/subject_of.h"
#include "golden.h"
#include "headspec/plans.h"
#include "metrics/baseline.h"

namespace headspec::experiment {
namespace {

Subject Golden(const std::string& name) {
  ModelEntry entry;
  entry.name = (golden::Folder() / name).string();
  return SubjectOf(entry);
}

TEST(UniformHeadMeans, AreMeansOfTheClosedForm) {
  const auto means = UniformHeadMeans({5, 9});
  ASSERT_EQ(means.size(), 8u);
  EXPECT_EQ(means[0].first, "received_entropy");
  const auto a = metrics::UniformCausalHead(5);
  const auto b = metrics::UniformCausalHead(9);
  EXPECT_DOUBLE_EQ(means[0].second, (a->received_entropy + b->received_entropy) / 2);
  EXPECT_EQ(means[1], std::pair(std::string("query_entropy"), 1.0));
  EXPECT_DOUBLE_EQ(means[7].second, (3.0 + 5.0) / 2);  // (T + 1) / 2
  EXPECT_TRUE(std::isnan(UniformHeadMeans({1})[1].second)) << "a single token has no choice";
}

double ValueAt(const checkpoint::Tensor& tensor, std::size_t index) {
  if (tensor.dtype == DType::kF32) {
    float value = 0;
    std::memcpy(&value, tensor.bytes.data() + 4 * index, sizeof value);
    return static_cast<double>(value);
  }
  std::uint16_t half = 0;
  std::memcpy(&half, tensor.bytes.data() + 2 * index, sizeof half);
  if (tensor.dtype == DType::kBF16)
    return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16));
  const double size = (half & 0x7c00) == 0 ? std::ldexp(half & 0x3ff, -24)
                                           : std::ldexp(1024 + (half & 0x3ff), ((half >> 10) & 31) - 25);
  return (half & 0x8000) != 0 ? -size : size;
}

// Stored as bfloat16, float16 and float32.
class RandomCheckpointOf : public testing::TestWithParam<std::string> {};

TEST_P(RandomCheckpointOf, IsInitialisedAsTransformersDoes) {
  const Subject subject = Golden(GetParam());
  const RandomCheckpoint weights(subject, 7, 2);
  const model::Model model = model::Model::Open(weights.folder());
  EXPECT_EQ(weights.initializer_range(), 0.02);
  EXPECT_EQ(model.parameters(), subject.model.parameters());
  EXPECT_EQ(model.stored_dtype(), subject.model.stored_dtype());
  for (const checkpoint::Tensor* tensor : model.UsedTensors()) {
    std::size_t count = 1;
    for (const std::uint64_t size : tensor->shape) count *= size;
    double sum = 0;
    double squares = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const double value = ValueAt(*tensor, i);
      sum += value;
      squares += value * value;
      if (tensor->shape.size() == 1) {
        ASSERT_EQ(value, tensor->name.ends_with("bias") ? 0 : 1) << tensor->name;
      }
    }
    if (tensor->shape.size() == 1) continue;
    const double n = static_cast<double>(count);
    EXPECT_NEAR(sum / n, 0, 5 * 0.02 / std::sqrt(n)) << tensor->name;
    EXPECT_NEAR(std::sqrt(squares / n) / 0.02, 1, 5 / std::sqrt(2 * n)) << tensor->name;
  }
}

INSTANTIATE_TEST_SUITE_P(Types, RandomCheckpointOf,
                         testing::Values("checkpoints/phi-mha", "checkpoints/phi-gqa-qknorm-fp16",
                                         "checkpoints/phi-two-shards"),
                         [](const auto& tested) { return "Checkpoint" + std::to_string(tested.index); });

TEST(RandomCheckpoint, DependsOnTheSeedAloneAndLeavesNothingBehind) {
  const Subject subject = Golden("checkpoints/phi-mha");
  std::set<std::string> contents;
  std::filesystem::path folder;
  for (const auto& [seed, threads] : {std::pair(1, 1), std::pair(1, 3), std::pair(2, 1)}) {
    const RandomCheckpoint weights(subject, static_cast<std::uint64_t>(seed), threads);
    folder = weights.folder();
    EXPECT_TRUE(std::filesystem::is_symlink(folder / "model.safetensors"));
    std::ifstream in(folder / "model.safetensors", std::ios::binary);
    contents.emplace(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  EXPECT_EQ(contents.size(), 2u);
  EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST(Baselines, GoWithAMeasurement) {
  Protocol protocol = DefaultProtocol();
  protocol.baselines = true;
  Observer nobody;
  ModelEntry entry;
  const Subject subject = Golden("checkpoints/phi-rope-linear");
  const ModelResult found =
      MeasureModel(subject, entry, protocol, {.precision = Precision::kBFloat16}, nobody);
  ASSERT_TRUE(found.baselines);
  EXPECT_EQ(found.baselines->no_random_weights, "");
  ASSERT_TRUE(found.baselines->random_weights);
  EXPECT_TRUE(std::isfinite(found.baselines->random_weights->si));
  EXPECT_EQ(found.baselines->random_weights->head_entropies.size(), found.head_entropies.size());
  EXPECT_NE(found.baselines->random_weights->si, found.si_mean);
}

}  // namespace
}  // namespace headspec::experiment
