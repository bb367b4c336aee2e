// RmsNorm and TwoPassLayerNorm against plain formulas in double, and bit for bit against torch.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/kernel_testing.h"
#include "engine/torch_bits.h"

namespace headspec::kernels {
namespace {

constexpr double kFloatEpsilon = 1.0 / (1 << 24);
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

enum class Form { kTwoRoundings, kOneRounding, kOnePlusWeight, kTwoPass };
constexpr Form kForms[] = {Form::kTwoRoundings, Form::kOneRounding, Form::kOnePlusWeight, Form::kTwoPass};

std::vector<float> Normalised(Form form, DType type, const std::vector<float>& x,
                              const std::vector<float>& weight) {
  std::vector<float> y(x.size() + 1, 7.0f);
  const std::span<float> row = std::span(y).first(x.size());
  const NormWeights norm{weight, {}, 1e-5};
  if (form == Form::kTwoPass)
    TwoPassLayerNorm(x, norm, type, row);
  else
    RmsNorm(x, norm, static_cast<RmsForm>(form), type, row);
  EXPECT_EQ(y.back(), 7.0f) << "written past the end";
  y.pop_back();
  return y;
}

// The mean, its square's and the products' errors: some float epsilons of the size of what is added.
void ExpectNormalised(Form form, DType type, const std::vector<float>& x, const std::vector<float>& weight) {
  const double count = static_cast<double>(x.size());
  double mean = 0, squares = 0;
  if (form == Form::kTwoPass)
    for (const float value : x) mean += static_cast<double>(value) / count;
  for (const float value : x) squares += std::pow(static_cast<double>(value) - mean, 2);
  const double scale = 1 / std::sqrt(squares / count + 1e-5);
  const std::vector<float> actual = Normalised(form, type, x, weight);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double value = static_cast<double>(x[i]), h = (value - mean) * scale;
    double w = weight.empty() ? 1 : static_cast<double>(weight[i]);
    if (form == Form::kOnePlusWeight && !weight.empty()) w += 1;
    const double in_float = 16 * kFloatEpsilon * (std::abs(value) + std::abs(mean)) * scale * std::abs(w);
    double bound = in_float;
    if (type != DType::kF32) bound += HalfSpacing(type, std::abs(h * w) + in_float);
    if (type != DType::kF32 && form == Form::kTwoRoundings) bound += HalfSpacing(type, h) * std::abs(w);
    EXPECT_NEAR(static_cast<double>(actual[i]), h * w, bound)
        << NameOf(type) << ", form " << static_cast<int>(form) << ", element " << i << " of " << x.size();
  }
}

TEST(RmsNorm, AgreesWithFormulasInDouble) {
  Random random(31);
  for (const DType type : kTypes) {
    for (const std::size_t count : {1u, 2u, 7u, 8u, 12u, 33u, 80u, 515u, 5120u}) {
      const std::vector<float> x = random.Values(type, count, 3), weight = random.Values(type, count, 2);
      OnEveryTarget([&](const std::string&) {
        for (const Form form : kForms) {
          ExpectNormalised(form, type, x, weight);
          ExpectNormalised(form, type, x, {});
        }
      });
    }
  }
}

// Where the three forms differ: 1.0039 is rounded to 1 in bf16 before the weight meets it, or after.
TEST(RmsNorm, RoundingPoints) {
  const std::vector<float> x = {1.0f, 1.0f, 1.0f, 1.0078125f}, weight = {1, 1, 1, 1.5f};
  const double h = 1.0078125 / std::sqrt((3 + 1.0078125 * 1.0078125) / 4 + 1e-5);
  const auto last = [&](Form form) { return Normalised(form, DType::kBF16, x, weight).back(); };
  const double rounded = static_cast<double>(Rounded(DType::kBF16, h));
  EXPECT_EQ(last(Form::kTwoRoundings), Rounded(DType::kBF16, rounded * 1.5));
  EXPECT_EQ(last(Form::kOneRounding), Rounded(DType::kBF16, h * 1.5));
  EXPECT_EQ(last(Form::kOnePlusWeight), Rounded(DType::kBF16, h * 2.5));
  EXPECT_NE(last(Form::kTwoRoundings), last(Form::kOneRounding));
}

TEST(RmsNorm, MayWriteOverItsInput) {
  Random random(32);
  const std::vector<float> x = random.Values(DType::kF16, 100), weight = random.Values(DType::kF16, 100);
  const NormWeights norm{weight, {}, 1e-5};
  OnEveryTarget([&](const std::string&) {
    std::vector<float> in_place = x;
    RmsNorm(in_place, norm, RmsForm::kOneRounding, DType::kF16, in_place);
    EXPECT_TRUE(SameValues(in_place, Normalised(Form::kOneRounding, DType::kF16, x, weight)));
    in_place = x;
    TwoPassLayerNorm(in_place, norm, DType::kF16, in_place);
    EXPECT_TRUE(SameValues(in_place, Normalised(Form::kTwoPass, DType::kF16, x, weight)));
  });
}

// An infinite mean square makes the other values 0 and infinity NaN; an infinite mean spoils all.
TEST(RmsNorm, NanAndInfinity) {
  for (const std::size_t at : {0u, 50u, 69u}) {
    OnEveryTarget([&](const std::string&) {
      for (const Form form : kForms) {
        std::vector<float> x(70, 2.0f);
        const std::vector<float> weight(70, 3.0f);
        x[at] = kNan;
        EXPECT_EQ(CountNonFinite(Normalised(form, DType::kF16, x, weight)), 70);
        x[at] = -kInf;
        const std::vector<float> y = Normalised(form, DType::kF16, x, weight);
        EXPECT_TRUE(std::isnan(y[at]));
        EXPECT_EQ(CountNonFinite(y), form == Form::kTwoPass ? 70 : 1);
      }
    });
  }
}

// Checksums in the order of kForms.
struct TorchRow {
  DType type;
  int width;
  std::uint64_t checksums[4];
};

// Printed by torch_bits.py beside this file.
constexpr TorchRow kTorch[] = {
    {DType::kF32, 3, {0x3536f1f9093165e7u, 0x3536f1f9093165e7u, 0xcc438b747c38a086u, 0x3262c76c750b11c6u}},
    {DType::kF32, 5, {0x1e0dfe334c06e06au, 0x1e0dfe334c06e06au, 0xb6cde8d731d2be51u, 0xf59a0feef9ea4f0du}},
    {DType::kF32, 12, {0x43baba088f86e9f6u, 0x43baba088f86e9f6u, 0xf3a6ccb083ad532cu, 0x664771635721ad62u}},
    {DType::kF32, 16, {0xb7b0dac1f3b96ae7u, 0xb7b0dac1f3b96ae7u, 0x12ada92082966969u, 0x9d5905d2a83e7bb7u}},
    {DType::kF32, 24, {0xb1319ffe4d8cc08au, 0xb1319ffe4d8cc08au, 0xcb788bc7e32817b4u, 0x29bbf6e2a5d41bc7u}},
    {DType::kF32, 32, {0x5e7997d209fdd4f6u, 0x5e7997d209fdd4f6u, 0xbf06acba165965fbu, 0x81db6e994ef4cd2cu}},
    {DType::kF32, 48, {0x6402be46e0adcd01u, 0x6402be46e0adcd01u, 0xf4f6ec1840476f25u, 0xd07aafcc2fc55ceeu}},
    {DType::kF32, 64, {0xd7fac4b09d8ae340u, 0xd7fac4b09d8ae340u, 0x746e50715e9ce911u, 0xcde26808efa313bfu}},
    {DType::kF32, 80, {0xaeb8d5204246a920u, 0xaeb8d5204246a920u, 0x6710594859c92fd8u, 0x2e36007037a9b697u}},
    {DType::kF32, 96, {0x7c3b3c582b176cb5u, 0x7c3b3c582b176cb5u, 0xa23d7a059e5ff9d3u, 0x1fae67972c824da3u}},
    {DType::kF32, 100, {0x817c30348b0a58fbu, 0x817c30348b0a58fbu, 0x4b16b1c62328b60cu, 0xf263f744f055af73u}},
    {DType::kF32, 128, {0x5fa2285a8f257657u, 0x5fa2285a8f257657u, 0xf8852d0b1e6546d9u, 0xefd08d752a00f9d8u}},
    {DType::kF32, 256, {0xdb6481ea896b3633u, 0xdb6481ea896b3633u, 0xaed59985fae0c713u, 0xe17cfd1a7eeb7fddu}},
    {DType::kF32, 515, {0x7b28bd77b881abc3u, 0x7b28bd77b881abc3u, 0x330120e3c9172480u, 0x28c1abddbb844974u}},
    {DType::kF32, 576, {0x3d26eb15ec659130u, 0x3d26eb15ec659130u, 0x6df516e17a743b15u, 0x5492b745990b71fbu}},
    {DType::kF32, 896, {0x054bfb4a6d7b2b28u, 0x054bfb4a6d7b2b28u, 0x1e737a5a044b1e47u, 0x79cf5804c3ae3fb1u}},
    {DType::kF32, 2048, {0xf6aabcfc6b170c7fu, 0xf6aabcfc6b170c7fu, 0x1b390fe5cd228489u, 0x81e9869d5c1933beu}},
    {DType::kF32, 2304, {0xb8c75bc8c0001aedu, 0xb8c75bc8c0001aedu, 0x1babd0c1c8293824u, 0x53c889a307e93422u}},
    {DType::kF32, 2560, {0x1f715de4fce9d904u, 0x1f715de4fce9d904u, 0xb31af5df437d15f7u, 0x85d5340aa0959ac5u}},
    {DType::kF32, 3072, {0x50987207ce2bfeddu, 0x50987207ce2bfeddu, 0x3f4fc348ce48ffb1u, 0x5424762d862c673du}},
    {DType::kF32, 4096, {0xc35389a1a77a9ce2u, 0xc35389a1a77a9ce2u, 0x33ecc09ed48ee936u, 0x39f0d716aa623219u}},
    {DType::kF32, 4544, {0x3cce007961f26501u, 0x3cce007961f26501u, 0xeea91b7da3110a7eu, 0xacada5d04da614f0u}},
    {DType::kF32, 5120, {0x5a07e2555f8f6fd1u, 0x5a07e2555f8f6fd1u, 0xb7fd42829850a0a3u, 0x811f5a3502ff427au}},
    {DType::kF32,
     16384,
     {0xf70d206c1bdf8a95u, 0xf70d206c1bdf8a95u, 0xc8597aed8aeec736u, 0xe8f60ed353ece722u}},
    {DType::kF16, 3, {0x4094ef4424682305u, 0x7f7bf978d2c44305u, 0x1dbad0c95378a305u, 0x4c5f10d0fb646305u}},
    {DType::kF16, 5, {0xf34c85b25039dc45u, 0x63cfe752ea5fbc45u, 0x5a4384e8863b5c45u, 0xe2f6cb9ea6f81c45u}},
    {DType::kF16, 12, {0x27f8638509b19aa5u, 0x5a7d029474fe7aa5u, 0xcb51212634719aa5u, 0xcb976032a8483aa5u}},
    {DType::kF16, 16, {0xc58a4d98afddad25u, 0xc52fc9c786042d25u, 0x8741557ddd226d25u, 0x9d99c122f23f4d25u}},
    {DType::kF16, 24, {0x28619022b4cd3225u, 0x17c719e21ad1f225u, 0x6b57623add419225u, 0xe8c60369dab47225u}},
    {DType::kF16, 32, {0x9dda3cd2ff939725u, 0x7816d32861e7b725u, 0x501b74bf55011725u, 0x0a7628d87506b725u}},
    {DType::kF16, 48, {0xb91a386ed6042125u, 0xe60ca8aed5774125u, 0xb9751ca3665cc125u, 0x3885ed80b5090125u}},
    {DType::kF16, 64, {0x5ce8642edcef4b25u, 0xf6a5493458e5eb25u, 0x7a733d5ae4f5cb25u, 0xbed2a88d7a94cb25u}},
    {DType::kF16, 80, {0xb22fe6b44fd45525u, 0xf4f45fefb8025525u, 0xc0a0bfe01b30d525u, 0x5029106cf6cdf525u}},
    {DType::kF16, 96, {0x0fc732e5644b9f25u, 0xaeadd6f9cff4ff25u, 0xdb8a419101117f25u, 0xaaa1ea9163d47f25u}},
    {DType::kF16, 100, {0x87e5d9d1ade291a5u, 0xedccf3c8e77251a5u, 0xe80253a2854371a5u, 0xef51eb8017a971a5u}},
    {DType::kF16, 128, {0x3a3fdc5995263325u, 0xeb6cb19db98dd325u, 0x22940866c5949325u, 0x7648dee6d9d17325u}},
    {DType::kF16, 256, {0xaf01475324974325u, 0xb82eef8fbe01a325u, 0x3caee1c963202325u, 0xa36641f55bd68325u}},
    {DType::kF16, 515, {0xca2855cb4d5c8305u, 0x286365d69b4b6305u, 0xfb5dd3366291a305u, 0xb222f0b102630305u}},
    {DType::kF16, 576, {0xcc725682923cab25u, 0x0a8ab67cfd2b8b25u, 0xa646053d07be8b25u, 0x7588b21d5795cb25u}},
    {DType::kF16, 896, {0xd238b826b8655325u, 0xacc12a1c7d055325u, 0xd489f4ced1093325u, 0x671c305bd857f325u}},
    {DType::kF16, 2048, {0xcfda917469c96325u, 0x048e18a85fbf2325u, 0x38a12539eba04325u, 0xb6c85cd193bb8325u}},
    {DType::kF16, 2304, {0xc10c24ef92956325u, 0x6757d5c051a14325u, 0x60c1533bc4e78325u, 0x94bafe11846a8325u}},
    {DType::kF16, 2560, {0xdcecc3a6a3f1c325u, 0x07a0a2221d6ce325u, 0x79c88aebd12c2325u, 0x5e3a36a8b63a2325u}},
    {DType::kF16, 3072, {0x4f37a313dfd7e325u, 0x8fdad1f285b1a325u, 0xe4d2900f2388c325u, 0x1adf5c2d2b892325u}},
    {DType::kF16, 4096, {0x0d1a9fe6a1e40325u, 0xe49071f47b0f2325u, 0xb87beb2760e5a325u, 0x6d72d27dda9c0325u}},
    {DType::kF16, 4544, {0xd6a4e3b80df71b25u, 0xf726a368bfec7b25u, 0x4137f219fa6f5b25u, 0xef3cb5716d129b25u}},
    {DType::kF16, 5120, {0x78a18aaa45378325u, 0xc487331aa7e52325u, 0xd4f6fd548ecb8325u, 0x433773e1f87d0325u}},
    {DType::kF16,
     16384,
     {0x470341d59f7de325u, 0x18b79dc862808325u, 0x0be85cb09624e325u, 0x39391d2dfe49a325u}},
    {DType::kBF16, 3, {0x1e92b7bbdfc62305u, 0xea5c7708051b2305u, 0x50ab3f603de62305u, 0x88cd59223a8f2305u}},
    {DType::kBF16, 5, {0x6896dbf28fec5c45u, 0xe295037d8d2a5c45u, 0x1c9f8dc385d95c45u, 0x605185febd515c45u}},
    {DType::kBF16, 12, {0x6bae2fec939e5aa5u, 0x4a4094960ffc5aa5u, 0xdfbbc1ca921b5aa5u, 0x98140abd70b15aa5u}},
    {DType::kBF16, 16, {0x803a183cba19ed25u, 0xc6f562039a6ced25u, 0x95b234991de6ed25u, 0xfb70a370ff51ed25u}},
    {DType::kBF16, 24, {0xe3ff3f5f2abad225u, 0x6213a08ef12cd225u, 0xd55129592ef8d225u, 0x119ba54403a6d225u}},
    {DType::kBF16, 32, {0xd0233cae8e3db725u, 0x35c0ad78441eb725u, 0x7ad95bb75345b725u, 0x9c813d7b13d5b725u}},
    {DType::kBF16, 48, {0x45cca4eca8698125u, 0x05e81cc333268125u, 0x3ef336a5dc118125u, 0x6c49ebb96c848125u}},
    {DType::kBF16, 64, {0xbc5aebd68b5f4b25u, 0xcc5eff22a5804b25u, 0x805f905307c84b25u, 0x7ed770cd95e64b25u}},
    {DType::kBF16, 80, {0x74676da40d771525u, 0x5c273430bfdb1525u, 0xa0503acf0bed1525u, 0xdfdf485dd0d01525u}},
    {DType::kBF16, 96, {0x308f0cb293a3df25u, 0x1cb26a6fd10edf25u, 0x76549df498dcdf25u, 0x5072ed66d0dadf25u}},
    {DType::kBF16, 100, {0x1225f47678c7b1a5u, 0x8de8452ed8e3b1a5u, 0xf327618301a0b1a5u, 0x82d912a25262b1a5u}},
    {DType::kBF16, 128, {0x99f8c56f2f617325u, 0xe386bcfb8a017325u, 0x8174ea799ba47325u, 0x434bdc8245e77325u}},
    {DType::kBF16, 256, {0x4036c382ed40c325u, 0xe4c83041f369c325u, 0x13b6fae0b6ecc325u, 0x8a1d52f26b63c325u}},
    {DType::kBF16, 515, {0xe38e27a9dff96305u, 0x7b9cbeeb28c06305u, 0xf323408680216305u, 0x24ccc082c37a6305u}},
    {DType::kBF16, 576, {0xb6523e61432f8b25u, 0x36633d09e9488b25u, 0xee78532514078b25u, 0x020c0e1343d98b25u}},
    {DType::kBF16, 896, {0x94c7d0d7cfa35325u, 0x287ffaabea985325u, 0x64efb5e3791b5325u, 0x04098b765f825325u}},
    {DType::kBF16,
     2048,
     {0xcaedb9ee10442325u, 0x11cf8b267acb2325u, 0x48c40641a4a72325u, 0xaee76c3524b32325u}},
    {DType::kBF16,
     2304,
     {0xe17f1acb5f11c325u, 0xb0f8fd0c9d19c325u, 0xa6c5030c4d24c325u, 0xb39c8503198ac325u}},
    {DType::kBF16,
     2560,
     {0xa1f43996f22c6325u, 0x788b5ce1876c6325u, 0x7b2c8d3b61bb6325u, 0x69e4f3279c906325u}},
    {DType::kBF16,
     3072,
     {0x724551121212a325u, 0xc0544c8641c8a325u, 0x81a624946e2aa325u, 0xe70256ec3bc3a325u}},
    {DType::kBF16,
     4096,
     {0x58a9cf880cf92325u, 0x225dfe34262b2325u, 0xf858fd16d1c32325u, 0x707a64cae7d02325u}},
    {DType::kBF16,
     4544,
     {0x7677c58ef3c23b25u, 0x0b197d3685633b25u, 0xfea970966eb53b25u, 0x6b7b8551436d3b25u}},
    {DType::kBF16,
     5120,
     {0xaf1abba33665a325u, 0x056aeb7aa1b6a325u, 0x7b8738b334b7a325u, 0xb4876156d311a325u}},
    {DType::kBF16,
     16384,
     {0x539231a1370c2325u, 0xdff2dac76c712325u, 0xf7959de2a0e22325u, 0xcd79b07a01082325u}},
};

std::uint64_t ChecksumOfRows(Form form, const TorchRow& torch) {
  constexpr int kRows = 8;
  const int bits = FormatOf(torch.type).digits;
  const std::vector<float> x = HashedValues(0, kRows * torch.width, bits);
  const std::vector<float> weight = HashedValues(1000003, torch.width, bits);
  Checksum checksum;
  for (int i = 0; i < kRows; ++i) {
    const auto first = x.begin() + i * torch.width;
    checksum.Add(Normalised(form, torch.type, {first, first + torch.width}, weight));
  }
  return checksum.total();
}

TEST(RmsNorm, TorchBitForBit) {
  OnEveryTarget([&](const std::string&) {
    for (const TorchRow& torch : kTorch) {
      for (const Form form : kForms) {
        EXPECT_EQ(ChecksumOfRows(form, torch), torch.checksums[static_cast<int>(form)])
            << NameOf(torch.type) << " " << torch.width << ", form " << static_cast<int>(form);
      }
    }
  });
}

}  // namespace
}  // namespace headspec::kernels
