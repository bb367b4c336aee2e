// LayerNorm against statistics in double, and bit for bit against the reference's own kernel.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/kernel_testing.h"

namespace headspec::kernels {
namespace {

constexpr double kEpsilon = 1.0 / (1 << 24);

struct Row {
  std::vector<float> x, weight, bias;
};

// Statistics and affine map in double. Mean and deviation err by some epsilons of the row's size, so an
// output near zero errs by those of the values that it comes from.
void ExpectLayerNorm(DType type, const Row& row, double epsilon, const std::vector<float>& actual) {
  const double count = static_cast<double>(row.x.size());
  double mean = 0, squares = 0;
  for (const float value : row.x) mean += static_cast<double>(value) / count;
  for (const float value : row.x)
    squares += (static_cast<double>(value) - mean) * (static_cast<double>(value) - mean);
  const double scale = 1 / std::sqrt(squares / count + epsilon);
  for (std::size_t i = 0; i < row.x.size(); ++i) {
    const double x = static_cast<double>(row.x[i]);
    const double weight = static_cast<double>(row.weight[i]), bias = static_cast<double>(row.bias[i]);
    const double expected = (x - mean) * scale * weight + bias;
    const double size = (std::abs(x) + std::abs(mean)) * scale * std::abs(weight) + std::abs(bias);
    const double in_float = 16 * kEpsilon * size;
    const double bound =
        in_float + (type == DType::kF32 ? 0 : HalfSpacing(type, std::abs(expected) + in_float));
    EXPECT_NEAR(static_cast<double>(actual[i]), expected, bound)
        << NameOf(type) << ", element " << i << " of " << row.x.size();
  }
}

std::vector<float> Normalised(DType type, const Row& row, double epsilon) {
  std::vector<float> y(row.x.size() + 1, 7.0f);
  LayerNorm(row.x, {row.weight, row.bias, epsilon}, type, std::span(y).first(row.x.size()));
  EXPECT_EQ(y.back(), 7.0f) << "written past the end";
  y.pop_back();
  return y;
}

TEST(LayerNorm, AgreesWithStatisticsInDouble) {
  Random random(21);
  for (const DType type : kTypes) {
    for (const std::size_t count : {1u, 2u, 7u, 12u, 16u, 33u, 64u, 80u, 100u, 515u, 2048u, 2560u, 5120u}) {
      Row row = {random.Values(type, count, 3), random.Values(type, count, 2), random.Values(type, count)};
      for (float& value : row.x) value = Rounded(type, static_cast<double>(value) + 1);
      OnEveryTarget(
          [&](const std::string&) { ExpectLayerNorm(type, row, 1e-5, Normalised(type, row, 1e-5)); });
    }
  }
}

TEST(LayerNorm, ConstantRowsGiveTheBias) {
  OnEveryTarget([&](const std::string&) {
    const Row row = {std::vector<float>(70, 2.0f), std::vector<float>(70, 3.0f),
                     std::vector<float>(70, 0.5f)};
    for (const DType type : kTypes)
      EXPECT_TRUE(SameValues(Normalised(type, row, 1e-5), row.bias)) << NameOf(type);
  });
}

TEST(LayerNorm, MayWriteOverItsInput) {
  Random random(22);
  const Row row = {random.Values(DType::kF16, 100), random.Values(DType::kF16, 100),
                   random.Values(DType::kF16, 100)};
  OnEveryTarget([&](const std::string&) {
    const std::vector<float> apart = Normalised(DType::kF16, row, 1e-5);
    std::vector<float> in_place = row.x;
    LayerNorm(in_place, {row.weight, row.bias, 1e-5}, DType::kF16, in_place);
    EXPECT_TRUE(SameValues(in_place, apart));
  });
}

TEST(LayerNorm, NanAndInfinityPoisonTheRow) {
  for (const float poison :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    for (const std::size_t at : {0u, 50u, 69u}) {
      OnEveryTarget([&](const std::string&) {
        Row row = {std::vector<float>(70, 2.0f), std::vector<float>(70, 3.0f), std::vector<float>(70, 0.5f)};
        row.x[at] = poison;
        for (const DType type : kTypes)
          EXPECT_EQ(CountNonFinite(Normalised(type, row, 1e-5)), 70) << NameOf(type) << at;
      });
    }
  }
}

struct TorchRow {
  DType type;
  int width;
  std::uint64_t checksum;
};

// Printed by layer_norm_bits.py beside this file.
constexpr TorchRow kTorch[] = {
    {DType::kF32, 5, 0xd262849ee729652bu},     {DType::kF32, 12, 0x831c572d48955577u},
    {DType::kF32, 16, 0x28c0427805301a9fu},    {DType::kF32, 20, 0x8c85ddf4d9279804u},
    {DType::kF32, 64, 0xb808d8f43e72133bu},    {DType::kF32, 80, 0xdf5f55f5b80576efu},
    {DType::kF32, 96, 0xf65f6ad35a8ca801u},    {DType::kF32, 100, 0x5a8503eba47b35efu},
    {DType::kF32, 128, 0x333e9b8b90398813u},   {DType::kF32, 515, 0x22fa65e7e260d913u},
    {DType::kF32, 2048, 0xe90dba2a2241c99cu},  {DType::kF32, 2560, 0xa9f18589647fded9u},
    {DType::kF16, 5, 0x696377943b033fa5u},     {DType::kF16, 12, 0x5cfb440c4b6c2125u},
    {DType::kF16, 16, 0xb28005baa9d00b25u},    {DType::kF16, 20, 0x51c22b3de7fc5525u},
    {DType::kF16, 64, 0xaff9ae5de5e6c325u},    {DType::kF16, 80, 0x5df13db0046d4b25u},
    {DType::kF16, 96, 0x7f064afd0d69b325u},    {DType::kF16, 100, 0x17e21857f937bd25u},
    {DType::kF16, 128, 0x186d61a441b76325u},   {DType::kF16, 515, 0x564b0fc255a53aa5u},
    {DType::kF16, 2048, 0x3d66af475616c325u},  {DType::kF16, 2560, 0x782f2443950ae325u},
    {DType::kBF16, 5, 0x08819dcf3fb4bfa5u},    {DType::kBF16, 12, 0xe8199160fd978125u},
    {DType::kBF16, 16, 0xd09bc02ab89d4b25u},   {DType::kBF16, 20, 0x26ae90498e911525u},
    {DType::kBF16, 64, 0x397c0dc701b4c325u},   {DType::kBF16, 80, 0x86382d42fe36eb25u},
    {DType::kBF16, 96, 0x952f7fec119b1325u},   {DType::kBF16, 100, 0x58a32cbf2bf0dd25u},
    {DType::kBF16, 128, 0x32bc22e74c106325u},  {DType::kBF16, 515, 0x63def9b701c75aa5u},
    {DType::kBF16, 2048, 0xc2dcfe28db5b2325u}, {DType::kBF16, 2560, 0xc4652f24c6492325u},
};

// As values() there.
std::vector<float> HashedValues(std::uint32_t seed, int count, int bits) {
  std::vector<float> values;
  for (int i = 0; i < count; ++i) {
    std::uint32_t hashed = (seed + static_cast<std::uint32_t>(i)) * 2654435761u + 12345u;
    hashed = (hashed ^ (hashed >> 15)) * 2246822519u;
    const double integer = static_cast<double>(hashed >> (32 - bits)) - std::ldexp(1, bits - 1);
    values.push_back(static_cast<float>(std::ldexp(integer, 4 - bits)));
  }
  return values;
}

std::uint64_t ChecksumOfRows(const TorchRow& torch) {
  constexpr int kRows = 32;
  const int bits = FormatOf(torch.type).digits;
  const std::vector<float> x = HashedValues(0, kRows * torch.width, bits);
  Row row = {{}, HashedValues(1000003, torch.width, bits), HashedValues(2000003, torch.width, bits)};
  std::uint64_t total = 14695981039346656037u;
  for (int i = 0; i < kRows; ++i) {
    row.x.assign(x.begin() + i * torch.width, x.begin() + (i + 1) * torch.width);
    for (const float value : Normalised(torch.type, row, 1e-5))
      total = (total ^ std::bit_cast<std::uint32_t>(value)) * 1099511628211u;
  }
  return total;
}

TEST(LayerNorm, TorchBitForBit) {
  OnEveryTarget([&](const std::string& target) {
    if (!HasFusedMultiplyAdd(target)) return;
    for (const TorchRow& torch : kTorch) {
      EXPECT_EQ(ChecksumOfRows(torch), torch.checksum) << NameOf(torch.type) << " " << torch.width;
    }
  });
}

}  // namespace
}  // namespace headspec::kernels
