// LayerNorm against statistics in double, and bit for bit against the reference's own kernel.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/kernel_testing.h"
#include "engine/torch_bits.h"

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

// Checksums for weight and bias, weight only, bias only, neither.
struct TorchRow {
  DType type;
  int width;
  std::uint64_t checksums[4];
};

// Printed by torch_bits.py beside this file.
constexpr TorchRow kTorch[] = {
    {DType::kF32, 5, {0xd262849ee729652bu, 0x5c21e0b1dd21cc65u, 0xff5553a87129c156u, 0x79241d1da6779b6eu}},
    {DType::kF32, 12, {0x831c572d48955577u, 0xa1cfd1ae7709222au, 0xc1c137a016e111c3u, 0xc253901646d2bf6du}},
    {DType::kF32, 16, {0x28c0427805301a9fu, 0x50c20d0a77077321u, 0xa8b452f54884095fu, 0xd986182b660dec39u}},
    {DType::kF32, 20, {0x8c85ddf4d9279804u, 0x0c65d4c3b5bd4b91u, 0x46b38532c0cb9f12u, 0x14f2fb5d7bee29edu}},
    {DType::kF32, 64, {0xb808d8f43e72133bu, 0x4ce3ceaa8e46ef79u, 0xd6b6cefbeacce8cfu, 0x93337d599247da5au}},
    {DType::kF32, 80, {0xdf5f55f5b80576efu, 0x74fec41ed88d7c2du, 0x047d25e0f469001eu, 0xf2c773451169ff42u}},
    {DType::kF32, 96, {0xf65f6ad35a8ca801u, 0x209fc91e4b824e45u, 0x72ec2dd28b598af4u, 0xa1c42abb125fe3fbu}},
    {DType::kF32, 100, {0x5a8503eba47b35efu, 0xc3c3be3be69e8f8au, 0x9057cadf3f9346d8u, 0x03454e6636cf8bd2u}},
    {DType::kF32, 128, {0x333e9b8b90398813u, 0x41384f6681c49b72u, 0x973141eb8270b771u, 0x36b7c4ea0d33c65au}},
    {DType::kF32, 515, {0x22fa65e7e260d913u, 0x6d38a81804f6e7e5u, 0xf9683725dd129111u, 0x35f0496a4458b0f3u}},
    {DType::kF32, 2048, {0xe90dba2a2241c99cu, 0x4f70ba5cd26bf2d8u, 0x5737ee90ad4b89a7u, 0xc64e4a24133b5a88u}},
    {DType::kF32, 2560, {0xa9f18589647fded9u, 0xbae73b2129b7fdc1u, 0x05ed646de5e4c9ffu, 0xdf57fbf5b6426ff9u}},
    {DType::kF16, 5, {0x696377943b033fa5u, 0x39923387da25dfa5u, 0x559f530752d95fa5u, 0x0479ef2fcdfe9fa5u}},
    {DType::kF16, 12, {0x5cfb440c4b6c2125u, 0x41c223a1d5f70125u, 0x7d94a49e2acb0125u, 0x4a251edc65edc125u}},
    {DType::kF16, 16, {0xb28005baa9d00b25u, 0x50fae7f395344b25u, 0x91682ac9eaa9eb25u, 0xa0d1f4f479418b25u}},
    {DType::kF16, 20, {0x51c22b3de7fc5525u, 0x815676f89f80b525u, 0x81bd9a106987d525u, 0x2bdc6c2a6dfbb525u}},
    {DType::kF16, 64, {0xaff9ae5de5e6c325u, 0x5311b2556d660325u, 0xdfbac1789fdec325u, 0xef70d00c8b93a325u}},
    {DType::kF16, 80, {0x5df13db0046d4b25u, 0x0c31426773a9cb25u, 0xbeb8636849cdeb25u, 0x84bc4ce07e8fab25u}},
    {DType::kF16, 96, {0x7f064afd0d69b325u, 0x5b1f7955a8b7b325u, 0x8021d74dc402d325u, 0x1e245a53fb24b325u}},
    {DType::kF16, 100, {0x17e21857f937bd25u, 0x7c7f0aeb7e5bdd25u, 0xced889103c233d25u, 0xe16d3157db85fd25u}},
    {DType::kF16, 128, {0x186d61a441b76325u, 0x04d2931b915fe325u, 0x65c71db166416325u, 0x6f85dc92957d4325u}},
    {DType::kF16, 515, {0x564b0fc255a53aa5u, 0xf4e2eb61edbf1aa5u, 0xec7867d65bb35aa5u, 0xe2f457e2b6eedaa5u}},
    {DType::kF16, 2048, {0x3d66af475616c325u, 0x7465e66360ba8325u, 0x348bede0d7314325u, 0x8809c358d20fe325u}},
    {DType::kF16, 2560, {0x782f2443950ae325u, 0x93dac62cc66c0325u, 0x4ee55741ea790325u, 0xc2b5800a32e80325u}},
    {DType::kBF16, 5, {0x08819dcf3fb4bfa5u, 0x76c20d66f7f5bfa5u, 0x6e6bad7948e8bfa5u, 0x8e46179c72cebfa5u}},
    {DType::kBF16, 12, {0xe8199160fd978125u, 0x2808cdfcb8a68125u, 0xb492463bdc228125u, 0x76283505858c8125u}},
    {DType::kBF16, 16, {0xd09bc02ab89d4b25u, 0xba78e2bf9a834b25u, 0x81542f44dcf44b25u, 0x5b7f5bc704984b25u}},
    {DType::kBF16, 20, {0x26ae90498e911525u, 0x101b3c038c581525u, 0x7f31406076681525u, 0x08ff95db9b131525u}},
    {DType::kBF16, 64, {0x397c0dc701b4c325u, 0xb07849cb94f7c325u, 0xd3bafd51bab3c325u, 0xa5e3f9984bdbc325u}},
    {DType::kBF16, 80, {0x86382d42fe36eb25u, 0x0cc5168832abeb25u, 0x9c7e0f574d2aeb25u, 0x71ed9e1d8b9aeb25u}},
    {DType::kBF16, 96, {0x952f7fec119b1325u, 0x71f9f3dcdbf41325u, 0x7cee09d252521325u, 0x1730a6bd648c1325u}},
    {DType::kBF16, 100, {0x58a32cbf2bf0dd25u, 0xa6579e9f61d9dd25u, 0xf8cf79f9b775dd25u, 0x0e9f69fbdbfedd25u}},
    {DType::kBF16, 128, {0x32bc22e74c106325u, 0x97fc379afc6f6325u, 0x214ca86e9a9a6325u, 0x973cd1513dff6325u}},
    {DType::kBF16, 515, {0x63def9b701c75aa5u, 0x662014ddcb425aa5u, 0x201190dbd08b5aa5u, 0xeb0c6d234db85aa5u}},
    {DType::kBF16,
     2048,
     {0xc2dcfe28db5b2325u, 0x9ca7b16c5a932325u, 0x3fda7099850d2325u, 0x9c95391e37832325u}},
    {DType::kBF16,
     2560,
     {0xc4652f24c6492325u, 0x9b3aa26a3bfb2325u, 0x38cb2e7598b82325u, 0xe638956c74d92325u}},
};

std::uint64_t ChecksumOfRows(const TorchRow& torch, bool has_weight, bool has_bias) {
  constexpr int kRows = 32;
  const int bits = FormatOf(torch.type).digits;
  const std::vector<float> x = HashedValues(0, kRows * torch.width, bits);
  Row row;
  if (has_weight) row.weight = HashedValues(1000003, torch.width, bits);
  if (has_bias) row.bias = HashedValues(2000003, torch.width, bits);
  Checksum checksum;
  for (int i = 0; i < kRows; ++i) {
    row.x.assign(x.begin() + i * torch.width, x.begin() + (i + 1) * torch.width);
    checksum.Add(Normalised(torch.type, row, 1e-5));
  }
  return checksum.total();
}

TEST(LayerNorm, TorchBitForBit) {
  OnEveryTarget([&](const std::string& target) {
    if (!HasFusedMultiplyAdd(target)) return;
    for (const TorchRow& torch : kTorch) {
      for (const int form : {0, 1, 2, 3}) {
        EXPECT_EQ(ChecksumOfRows(torch, form < 2, form % 2 == 0), torch.checksums[form])
            << NameOf(torch.type) << " " << torch.width << ", form " << form;
      }
    }
  });
}

}  // namespace
}  // namespace headspec::kernels
