// Activations: each value of the half types against the formula with correctly rounded functions, floats
// within some ulps, and bit for bit against torch.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "engine/kernel_testing.h"
#include "engine/torch_bits.h"

namespace headspec::kernels {
namespace {

constexpr double kFloatEpsilon = 1.0 / (1 << 24);
constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

float Tanh(DType type, float x) { return Rounded(type, std::tanh(static_cast<double>(x))); }
float Sigmoid(DType type, float x) {
  const float power = static_cast<float>(std::exp(-static_cast<double>(x)));
  return Rounded(type, static_cast<double>(1.0f / (1.0f + power)));
}

// One rounding: floats inside.
float GeluReference(DType type, float x) {
  if (std::isinf(x)) return kNan;
  const float erf = static_cast<float>(std::erf(static_cast<double>(x * 0.70710678f)));
  return Rounded(type, static_cast<double>(0.5f * (x * (1.0f + erf))));
}
float GeluTanhReference(DType type, float x) {
  const float inner = 0.7978845608028654f * std::fma(0.044715f, x * x * x, x);
  return Rounded(type, static_cast<double>(0.5f * x * (1.0f + Tanh(DType::kF32, inner))));
}
float SiluReference(DType type, float x) {
  const float power = static_cast<float>(std::exp(-static_cast<double>(x)));
  return Rounded(type, static_cast<double>(x / (1.0f + power)));
}
float ReluReference(DType, float x) { return x < 0 ? 0.0f : x; }

// Rounded after each operation.
float GeluNewReference(DType type, float x) {
  const float cube = type == DType::kBF16 ? Product(type, Product(type, x, x), x)
                                          : Rounded(type, static_cast<double>(x * x * x));
  const float inner = Sum(type, x, Product(type, 0.044715f, cube));
  const float tanh = Tanh(type, Product(type, 0.7978845608028654f, inner));
  return Product(type, Product(type, 0.5f, x), Sum(type, 1.0f, tanh));
}
float GeluFastReference(DType type, float x) {
  const float square = Product(type, Product(type, 0.044715f, x), x);
  const float inner = Product(type, Product(type, 0.7978845608f, x), Sum(type, 1.0f, square));
  return Product(type, Product(type, 0.5f, x), Sum(type, 1.0f, Tanh(type, inner)));
}
float QuickGeluReference(DType type, float x) {
  return Product(type, x, Sigmoid(type, Product(type, 1.702f, x)));
}
float SoftCapReference(DType type, float x) {
  return Product(type, Tanh(type, Rounded(type, static_cast<double>(x / 50.0f))), 50.0f);
}

struct Activation {
  const char* name;
  std::function<void(DType, std::span<float>)> kernel;
  std::function<float(DType, float)> reference;
};

const std::vector<Activation>& Activations() {
  static const std::vector<Activation> all = {
      {"Gelu", Gelu, GeluReference},
      {"GeluTanh", GeluTanh, GeluTanhReference},
      {"Silu", Silu, SiluReference},
      {"GeluNew", GeluNew, GeluNewReference},
      {"GeluFast", GeluFast, GeluFastReference},
      {"QuickGelu", QuickGelu, QuickGeluReference},
      {"Relu", [](DType, std::span<float> values) { Relu(values); }, ReluReference},
      {"SoftCap", [](DType type, std::span<float> values) { SoftCap(type, 50, values); }, SoftCapReference},
  };
  return all;
}

std::vector<float> AllValues(DType type) {
  std::vector<float> values;
  for (int bits = 0; bits < 65536; ++bits) values.push_back(Decode16(type, static_cast<std::uint16_t>(bits)));
  return values;
}

// Few of the values fall so close to the middle between two that the last bit of exp or erf decides.
TEST(Activations, EveryValueOfTheHalfTypes) {
  for (const DType type : {DType::kF16, DType::kBF16}) {
    const std::vector<float> values = AllValues(type);
    for (const Activation& activation : Activations()) {
      SCOPED_TRACE(activation.name);
      std::vector<float> expected;
      for (const float x : values) expected.push_back(activation.reference(type, x));
      OnEveryTarget([&](const std::string&) {
        std::vector<float> actual = values;
        activation.kernel(type, actual);
        int different = 0;
        for (std::size_t i = 0; i < values.size(); ++i) {
          if (SameValue(actual[i], expected[i])) continue;
          ++different;
          EXPECT_NEAR(actual[i], expected[i], 2 * HalfSpacing(type, values[i])) << "at " << values[i];
        }
        EXPECT_LE(different, 4);
      });
    }
  }
}

// exp, tanh and erf within an ulp, their arguments within two, the gate and the products within one each.
TEST(Activations, Floats) {
  Random random(15);
  std::vector<float> values = random.Values(DType::kF32, 20001, 8);
  const std::vector<float> wide = random.Values(DType::kF32, 2001, 150);
  values.insert(values.end(), wide.begin(), wide.end());
  values.insert(values.end(), {0.0f, -0.0f, 1e-30f, 1e-42f, 1e4f, -1e4f, 1e18f, -1e18f});
  for (const Activation& activation : Activations()) {
    OnEveryTarget([&](const std::string&) {
      std::vector<float> actual = values;
      activation.kernel(DType::kF32, actual);
      for (std::size_t i = 0; i < values.size(); ++i) {
        const double expected = static_cast<double>(activation.reference(DType::kF32, values[i]));
        const double size = std::abs(static_cast<double>(values[i]));
        EXPECT_NEAR(static_cast<double>(actual[i]), expected, 6 * kFloatEpsilon * size + std::ldexp(1, -149))
            << activation.name << " at " << values[i];
      }
    });
  }
}

TEST(Activations, NanAndInfinity) {
  for (const DType type : kTypes) {
    for (const Activation& activation : Activations()) {
      OnEveryTarget([&](const std::string&) {
        for (const float x : {kNan, -kNan, kInf, -kInf}) {
          std::vector<float> values(19, 1.0f);
          values[18] = x;
          activation.kernel(type, values);
          EXPECT_TRUE(SameValue(values[18], activation.reference(type, x))) << activation.name << " at " << x;
          EXPECT_EQ(values[0], values[17]);
          EXPECT_EQ(CountNonFinite(std::span(values).first(18)), 0);
        }
      });
    }
  }
}

// Over every value but those below twice the smallest normal one and those between low and high.
struct TorchRun {
  const char* name;
  DType type;
  float low;
  float high;
  std::uint64_t checksum;
};

// Printed by torch_bits.py beside this file.
constexpr TorchRun kTorch[] = {
    {"Gelu", DType::kF16, -6, -2, 0x97391e04a4b44fdfu},
    {"GeluTanh", DType::kF16, -5.25, -5, 0x582b7594e96c78dfu},
    {"Silu", DType::kF16, 0, 0, 0x6b6871fbaafca325u},
    {"GeluNew", DType::kF16, 0, 0, 0x9f5a56713040c325u},
    {"GeluFast", DType::kF16, 0, 0, 0xef127ca344808325u},
    {"QuickGelu", DType::kF16, 0, 0, 0xa721e3d467304325u},
    {"Relu", DType::kF16, 0, 0, 0x5d010b372bd7e325u},
    {"SoftCap", DType::kF16, 0, 0, 0x1ab3db69db462325u},
    {"Gelu", DType::kBF16, -6, -3.125, 0x13688c9821a133bfu},
    {"GeluTanh", DType::kBF16, -5.25, -5, 0x5dc515bc1d5bc9ffu},
    {"Silu", DType::kBF16, 0, 0, 0xa937480d1742fb25u},
    {"GeluNew", DType::kBF16, 0, 0, 0x60747e62dcbdfb25u},
    {"GeluFast", DType::kBF16, 0, 0, 0x6c5d224b529dfb25u},
    {"QuickGelu", DType::kBF16, 0, 0, 0x3926adb296f0fb25u},
    {"Relu", DType::kBF16, 0, 0, 0x07765f85c108fb25u},
    {"SoftCap", DType::kBF16, 0, 0, 0xf57558131c9cfb25u},
};

TEST(Activations, TorchBitForBit) {
  for (const TorchRun& torch : kTorch) {
    const float smallest = torch.type == DType::kF16 ? 0x1p-13f : 0x1p-125f;
    std::vector<float> values;
    for (const float x : AllValues(torch.type)) {
      if (!(std::abs(x) < smallest) && !(x > torch.low && x < torch.high)) values.push_back(x);
    }
    const auto activation =
        std::find_if(Activations().begin(), Activations().end(),
                     [&](const Activation& one) { return one.name == std::string(torch.name); });
    OnEveryTarget([&](const std::string& target) {
      if (!HasFusedMultiplyAdd(target)) return;
      std::vector<float> actual = values;
      activation->kernel(torch.type, actual);
      Checksum checksum;
      checksum.Add(actual);
      EXPECT_EQ(checksum.total(), torch.checksum) << torch.name << " " << NameOf(torch.type);
    });
  }
}

}  // namespace
}  // namespace headspec::kernels
