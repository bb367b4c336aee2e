// Rounding to the 16-bit types and loading of stored elements, against the definition of the formats.
#include <gtest/gtest.h>

#include <numeric>

#include "engine/kernel_testing.h"

namespace headspec::kernels {
namespace {

constexpr DType kHalfTypes[] = {DType::kF16, DType::kBF16};

std::vector<float> AllValues(DType type) {
  std::vector<float> values;
  for (int bits = 0; bits < 65536; ++bits) values.push_back(Decode16(type, static_cast<std::uint16_t>(bits)));
  return values;
}

TEST(Round, EveryValueOfTheTypeStaysAsItIs) {
  for (const DType type : kHalfTypes) {
    const std::vector<float> all = AllValues(type);
    OnEveryTarget([&](const std::string&) {
      std::vector<float> rounded = all;
      Round(type, rounded);
      EXPECT_TRUE(SameValues(rounded, all)) << NameOf(type);
    });
  }
}

// Between each two neighbours: the middle goes to the even one, the floats beside it to the nearer one.
TEST(Round, NearestAndTiesToEven) {
  for (const DType type : kHalfTypes) {
    const int infinity = type == DType::kF16 ? 0x7c00 : 0x7f80;
    std::vector<float> inputs;
    std::vector<float> expected;
    for (int bits = 0; bits + 1 < infinity; ++bits) {
      const float low = Decode16(type, static_cast<std::uint16_t>(bits));
      const float high = Decode16(type, static_cast<std::uint16_t>(bits + 1));
      const float middle = static_cast<float>((static_cast<double>(low) + static_cast<double>(high)) / 2);
      for (const float sign : {1.0f, -1.0f}) {
        inputs.insert(inputs.end(), {sign * middle, sign * std::nextafter(middle, 0.0f),
                                     sign * std::nextafter(middle, high)});
        expected.insert(expected.end(), {sign * (bits % 2 == 0 ? low : high), sign * low, sign * high});
      }
    }
    OnEveryTarget([&](const std::string&) {
      std::vector<float> rounded = inputs;
      Round(type, rounded);
      EXPECT_TRUE(SameValues(rounded, expected)) << NameOf(type);
    });
  }
}

TEST(Round, OverflowSubnormalsZeroAndNan) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  const float quantum = std::ldexp(1.0f, -24);
  const std::vector<float> inputs = {65519.99609375f,
                                     65520.0f,
                                     1e6f,
                                     -65519.99609375f,
                                     -65520.0f,
                                     kInf,
                                     -kInf,
                                     kNan,
                                     -kNan,
                                     -0.0f,
                                     quantum / 2,
                                     -quantum / 2,
                                     1e-30f,
                                     -1e-45f,
                                     quantum * 0.75f,
                                     quantum * 1.5f,
                                     -quantum * 2.5f};
  const std::vector<float> expected = {65504.0f, kInf,  kInf,    -65504.0f,   -kInf,       kInf,
                                       -kInf,    kNan,  kNan,    -0.0f,       0.0f,        -0.0f,
                                       0.0f,     -0.0f, quantum, quantum * 2, -quantum * 2};
  const float past_bf16 = std::bit_cast<float>(0x7f7f8000u);  // half a step beyond its largest value
  OnEveryTarget([&](const std::string&) {
    std::vector<float> half = inputs;
    Round(DType::kF16, half);
    EXPECT_TRUE(SameValues(half, expected));
    std::vector<float> brain = {past_bf16, -past_bf16, std::nextafter(past_bf16, 0.0f), kNan, -0.0f, kInf};
    Round(DType::kBF16, brain);
    EXPECT_TRUE(SameValues(brain, {kInf, -kInf, std::bit_cast<float>(0x7f7f0000u), kNan, -0.0f, kInf}));
  });
}

// A NaN whose mantissa lies in the dropped bits alone must not turn into infinity.
TEST(Round, NanWithALowMantissaStaysNan) {
  const std::vector<float> inputs = {std::bit_cast<float>(0x7f800001u), std::bit_cast<float>(0xff800001u),
                                     std::bit_cast<float>(0x7fffffffu), std::bit_cast<float>(0xffffffffu)};
  OnEveryTarget([&](const std::string&) {
    for (const DType type : kTypes) {
      std::vector<float> values = inputs;
      Round(type, values);
      for (const float value : values) EXPECT_TRUE(std::isnan(value)) << NameOf(type);
    }
  });
}

TEST(Round, AnyFloatAgreesWithTheReference) {
  Random random(1);
  std::vector<float> inputs(100000);
  for (float& value : inputs) value = std::bit_cast<float>(random.Bits());
  for (const DType type : kTypes) {
    std::vector<float> expected;
    for (const float value : inputs) expected.push_back(Rounded(type, static_cast<double>(value)));
    OnEveryTarget([&](const std::string&) {
      std::vector<float> rounded = inputs;
      Round(type, rounded);
      EXPECT_TRUE(SameValues(rounded, expected)) << NameOf(type);
    });
  }
}

TEST(Round, TouchesOnlyItsSpan) {
  OnEveryTarget([&](const std::string&) {
    for (std::size_t count = 0; count < 40; ++count) {
      std::vector<float> values(count + 2, 1.0001f);
      Round(DType::kBF16, std::span(values).subspan(1, count));
      std::vector<float> expected(count + 2, 1.0f);
      expected.front() = expected.back() = 1.0001f;
      EXPECT_TRUE(SameValues(values, expected)) << count;
    }
  });
}

TEST(Load, EveryPatternOfTheStoredTypes) {
  for (const DType stored : kHalfTypes) {
    std::vector<std::byte> bytes(1);  // the elements begin at an odd address
    for (int bits = 0; bits < 65536; ++bits) {
      bytes.push_back(static_cast<std::byte>(bits & 255));
      bytes.push_back(static_cast<std::byte>(bits >> 8));
    }
    const std::vector<float> all = AllValues(stored);
    for (const DType type : kTypes) {
      std::vector<float> expected;
      for (const float value : all) expected.push_back(Rounded(type, static_cast<double>(value)));
      OnEveryTarget([&](const std::string&) {
        EXPECT_TRUE(SameValues(LoadVector({stored, bytes.data() + 1, 65536, 1}, type), expected))
            << NameOf(stored);
        std::vector<float> row(32768);
        LoadRow({stored, bytes.data() + 1, 2, 32768}, 1, type, row);
        EXPECT_TRUE(SameValues(row, {expected.begin() + 32768, expected.end()}))
            << NameOf(stored) << NameOf(type);
      });
    }
  }
}

// From the definition of fp8 E4M3: bias 7, no infinity, NaN where all bits but the sign are set.
float DecodeE4M3(int bits) {
  const int exponent = bits >> 3 & 15;
  const int mantissa = bits & 7;
  double magnitude = exponent == 0 ? std::ldexp(mantissa, -9) : std::ldexp(8 + mantissa, exponent - 10);
  if ((bits & 127) == 127) magnitude = std::numeric_limits<double>::quiet_NaN();
  return static_cast<float>(bits >> 7 != 0 ? -magnitude : magnitude);
}

// Each row has every pattern. The view begins at the tensor's row 1 and sees every other one, and the blocks
// of 2 x 50 fit neither that nor the vectors.
TEST(Load, Fp8TimesTheScaleOfItsBlock) {
  std::vector<std::byte> codes(1);
  for (int i = 0; i < 6 * 256; ++i) codes.push_back(static_cast<std::byte>((i + 7 * (i / 256)) & 255));
  Random random(4);
  for (const DType scale_type : {DType::kF32, DType::kBF16}) {
    const std::vector<float> scales = random.Values(scale_type, 3 * 6, 1e-3);
    const StoredWeight stored(scale_type, 3, 6, scales);
    WeightView view{DType::kF8E4M3, codes.data() + 1 + 256, 3, 256};
    view.group = 1;
    view.group_distance = 2;
    view.scales = {scale_type, stored.view().data, 6, 2, 50, 1};
    for (const DType type : kTypes) {
      std::vector<float> expected;
      for (const int row : {1, 3, 5}) {
        for (int col = 0; col < 256; ++col) {
          const auto code = std::to_integer<int>(codes[static_cast<std::size_t>(1 + row * 256 + col)]);
          const float product = DecodeE4M3(code) * scales[static_cast<std::size_t>(row / 2 * 6 + col / 50)];
          expected.push_back(Rounded(type, static_cast<double>(product)));
        }
      }
      OnEveryTarget([&](const std::string&) {
        EXPECT_TRUE(SameValues(LoadVector(view, type), expected)) << NameOf(type);
        std::vector<float> row(256);
        LoadRow(view, 2, type, row);
        EXPECT_TRUE(SameValues(row, {expected.begin() + 512, expected.end()})) << NameOf(type);
      });
    }
  }
}

TEST(Load, StoredFloats) {
  Random random(2);
  std::vector<float> values(3 * 1001);
  for (float& value : values) value = std::bit_cast<float>(random.Bits());
  const StoredWeight weight(DType::kF32, 3, 1001, values);
  for (const DType type : kTypes) {
    std::vector<float> expected;
    for (const float value : values) expected.push_back(Rounded(type, static_cast<double>(value)));
    OnEveryTarget([&](const std::string&) {
      EXPECT_TRUE(SameValues(LoadVector(weight.view(), type), expected)) << NameOf(type);
      std::vector<float> row(1001);
      LoadRow(weight.view(), 2, type, row);
      EXPECT_TRUE(SameValues(row, {expected.begin() + 2002, expected.end()})) << NameOf(type);
    });
  }
}

TEST(Load, ShortRowsOfEveryLength) {
  Random random(3);
  for (const DType stored : kTypes) {
    for (int cols = 1; cols < 40; ++cols) {
      const std::vector<float> values = random.Values(stored, static_cast<std::size_t>(2 * cols));
      const StoredWeight weight(stored, 2, cols, values);
      OnEveryTarget([&](const std::string&) {
        std::vector<float> row(static_cast<std::size_t>(cols) + 1, 7.0f);
        LoadRow(weight.view(), 1, DType::kF32, std::span(row).first(static_cast<std::size_t>(cols)));
        std::vector<float> expected(values.begin() + cols, values.end());
        expected.push_back(7.0f);
        EXPECT_TRUE(SameValues(row, expected)) << NameOf(stored) << " " << cols;
      });
    }
  }
}

}  // namespace
}  // namespace headspec::kernels
