// Softmax and the small kernels against plain references, operation by operation where
// the reference model evaluates them so.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <thread>

#include "engine/kernel_testing.h"

namespace headspec::kernels {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr double kEpsilon = 1.0 / (1 << 24);

// x - max errs by |x - max| epsilon, which the exponential turns into a relative error; it, the sum, the
// division and the rounding of results below the normal range add the rest.
void ExpectSoftmax(DType type, const std::vector<float>& scores, const std::vector<float>& actual) {
  const double largest = static_cast<double>(*std::max_element(scores.begin(), scores.end()));
  double sum = 0;
  for (const float score : scores) sum += std::exp(static_cast<double>(score) - largest);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const double distance = largest - static_cast<double>(scores[i]);
    const double expected = std::exp(-distance) / sum;
    const double in_float = expected * (std::min(distance, 200.0) + 6) * kEpsilon + std::ldexp(2, -149);
    const double bound = in_float + (type == DType::kF32 ? 0 : HalfSpacing(type, expected + in_float));
    EXPECT_NEAR(static_cast<double>(actual[i]), expected, bound)
        << NameOf(type) << ", element " << i << " of " << scores.size();
  }
}

void TestSoftmax(const std::vector<float>& scores) {
  OnEveryTarget([&](const std::string&) {
    for (const DType type : kTypes) {
      std::vector<float> row = scores;
      Softmax(type, row);
      ExpectSoftmax(type, scores, row);
    }
  });
}

TEST(Softmax, RowsOfManyLengths) {
  Random random(11);
  for (const std::size_t count : {1u, 2u, 3u, 7u, 15u, 16u, 17u, 33u, 128u, 4097u})
    TestSoftmax(random.Values(DType::kBF16, count, 20));
}

TEST(Softmax, OneElementIsOne) {
  for (const float score : {0.0f, -65504.0f, 3e38f}) {
    std::vector<float> row = {score};
    Softmax(DType::kF16, row);
    EXPECT_EQ(row[0], 1.0f);
  }
}

TEST(Softmax, HugeSpreadReachesSubnormalsAndZero) {
  std::vector<float> scores = {0.0f};
  for (float down = 80.0f; down < 110.0f; down += 0.25f) scores.push_back(-down);
  TestSoftmax(scores);
  std::vector<float> row = {0.0f, -100.0f, -1000.0f, -3e38f, -kInf};
  Softmax(DType::kF32, row);
  EXPECT_GT(row[1], 0.0f);  // e^-100 = 3.8e-44 is subnormal
  for (std::size_t i = 2; i < row.size(); ++i) EXPECT_EQ(row[i], 0.0f) << i;
}

TEST(Softmax, PoisonedRowsBecomeNan) {
  for (const float poison : {kNan, kInf}) {
    for (const std::size_t at : {0u, 4u, 18u}) {
      OnEveryTarget([&](const std::string&) {
        std::vector<float> row(19, 1.0f);
        row[at] = poison;
        Softmax(DType::kF16, row);
        EXPECT_EQ(CountNonFinite(row), 19);
        for (const float value : row) EXPECT_TRUE(std::isnan(value));
      });
    }
  }
  std::vector<float> row(5, -kInf);
  Softmax(DType::kF32, row);
  for (const float value : row) EXPECT_TRUE(std::isnan(value));
}

TEST(Scale, OneRounding) {
  Random random(12);
  const float factor = 0.11180339753627777f;  // 80^-0.5, not a value of the 16-bit types
  for (const DType type : kTypes) {
    const std::vector<float> values = random.Values(type, 1003, 100);
    std::vector<float> expected;
    for (const float value : values) expected.push_back(Rounded(type, static_cast<double>(value * factor)));
    OnEveryTarget([&](const std::string&) {
      std::vector<float> scaled = values;
      Scale(type, factor, scaled);
      EXPECT_TRUE(SameValues(scaled, expected)) << NameOf(type);
    });
  }
}

TEST(Add, OneRounding) {
  Random random(13);
  for (const DType type : kTypes) {
    const std::vector<float> sum = random.Values(type, 1003, 100);
    const std::vector<float> term = random.Values(type, 1003, 1);
    std::vector<float> expected;
    for (std::size_t i = 0; i < sum.size(); ++i)
      expected.push_back(Rounded(type, static_cast<double>(sum[i] + term[i])));
    OnEveryTarget([&](const std::string&) {
      std::vector<float> added = sum;
      Add(type, term, added);
      EXPECT_TRUE(SameValues(added, expected)) << NameOf(type);
    });
  }
}

TEST(Divide, OneRounding) {
  Random random(17);
  for (const DType type : kTypes) {
    const std::vector<float> values = random.Values(type, 1003, 100);
    std::vector<float> expected;
    for (const float value : values)
      expected.push_back(Rounded(type, static_cast<double>(value / 8.9442719f)));
    OnEveryTarget([&](const std::string&) {
      std::vector<float> divided = values;
      Divide(type, 8.9442719f, divided);
      EXPECT_TRUE(SameValues(divided, expected)) << NameOf(type);
    });
  }
}

TEST(MultiplyElements, OneRounding) {
  Random random(18);
  for (const DType type : kTypes) {
    const std::vector<float> values = random.Values(type, 1003, 100), factors = random.Values(type, 1003, 9);
    std::vector<float> expected;
    for (std::size_t i = 0; i < values.size(); ++i) expected.push_back(Product(type, values[i], factors[i]));
    OnEveryTarget([&](const std::string&) {
      std::vector<float> products = values;
      MultiplyElements(type, factors, products);
      EXPECT_TRUE(SameValues(products, expected)) << NameOf(type);
    });
  }
}

TEST(Clamp, KeepsNanAndZeros) {
  OnEveryTarget([&](const std::string&) {
    std::vector<float> values = {kNan, -kNan, 8, -8, 8.5f, -8.5f, kInf, -kInf, 0.0f, -0.0f, 1, -1e-40f};
    for (int i = 0; i < 9; ++i) values.push_back(static_cast<float>(3 * i));
    std::vector<float> expected = values;
    for (float& value : expected) {
      if (!std::isnan(value)) value = std::max(-8.0f, std::min(value, 8.0f));
    }
    Clamp(8, values);
    EXPECT_TRUE(SameValues(values, expected));
  });
}

TEST(CountNonFinite, NanAndBothInfinities) {
  EXPECT_EQ(CountNonFinite({}), 0);
  const std::vector<float> values = {1, kNan, -kInf, kInf, 3e38f, -kNan, 0, 1e-45f};
  EXPECT_EQ(CountNonFinite(values), 4);
}

TEST(MaxAbs, IgnoresNan) {
  EXPECT_EQ(MaxAbs({}), 0.0f);
  for (const std::vector<float>& values : {std::vector<float>{1, kNan, -7, 3}, {kNan, -7}, {-7, kNan}})
    EXPECT_EQ(MaxAbs(values), 7.0f);
  const std::vector<float> infinite = {1, -kInf};
  EXPECT_EQ(MaxAbs(infinite), kInf);
  const std::vector<float> nothing = {kNan, kNan};
  EXPECT_EQ(MaxAbs(nothing), 0.0f);
}

// Every kernel's results on one input, one after the other.
std::vector<float> ResultsOfAllKernels(DType type) {
  Random random(16);
  const std::vector<float> x = random.Values(type, 37 * 530, 4);
  const std::vector<float> w = random.Values(type, 41 * 530);
  std::vector<float> all;
  const auto keep = [&](const std::vector<float>& values) {
    all.insert(all.end(), values.begin(), values.end());
  };
  ThreadPool pool(2, AsOnThisThread());
  const StoredWeight weight(type, 41, 530, w);
  GappedMatrix a(37, 530, x), b(41, 530, w), linear(37, 41), scores(37, 41), attended(37, 530);
  Linear(a.view(), {weight.view(), {}}, linear.view(), type, pool);
  MultiplyTransposed(a.view(), b.view(), scores.view());
  keep(linear.Values());
  keep(scores.Values());
  for (int row = 0; row < 37; ++row) {
    const std::span<float> values(scores.view().Row(row), 41);
    Scale(type, 0.3f, values);
    Softmax(type, values);
  }
  Multiply(scores.view(), b.view(), attended.view());
  keep(scores.Values());
  keep(attended.Values());
  std::vector<float> row(x.begin(), x.begin() + 530);
  LayerNorm(row, {std::span(w).first(530), std::span(w).last(530), 1e-5}, type, row);
  keep(row);
  Rotate(type, {}, std::span(w).first(100), std::span(w).last(100), row);
  Add(type, std::span(w).first(530), row);
  keep(row);
  SoftCap(type, 3, row);
  keep(row);
  for (void (*activation)(DType, std::span<float>) : {Gelu, GeluTanh, Silu, GeluNew, GeluFast, QuickGelu}) {
    std::vector<float> values = row;
    activation(type, values);
    keep(values);
  }
  return all;
}

TEST(Kernels, SameBitsOnEveryTargetWithFusedMultiplyAdd) {
  for (const DType type : kTypes) {
    std::vector<float> first;
    OnEveryTarget([&](const std::string& target) {
      if (!HasFusedMultiplyAdd(target)) return;
      const std::vector<float> results = ResultsOfAllKernels(type);
      if (first.empty()) first = results;
      EXPECT_TRUE(SameValues(results, first)) << NameOf(type);
    });
  }
}

TEST(Arithmetic, EndsWithItsScope) {
  const std::vector<std::string> names = Targets();
  ASSERT_FALSE(names.empty());
  const std::string best = CurrentTarget();
  {
    const UseArithmetic use({.target = names.back()});
    EXPECT_EQ(CurrentTarget(), names.back());
  }
  EXPECT_EQ(CurrentTarget(), best);
  EXPECT_EQ(Targets(), names);
}

TEST(Arithmetic, OfOtherThreads) {
  const std::string best = CurrentTarget();
  const std::string last = Targets().back();
  const UseArithmetic use({.target = last});
  std::string elsewhere;
  std::thread([&] { elsewhere = CurrentTarget(); }).join();
  EXPECT_EQ(elsewhere, best);
  std::thread([&, take_over = AsOnThisThread()] {
    take_over();
    elsewhere = CurrentTarget();
  }).join();
  EXPECT_EQ(elsewhere, last);
}

}  // namespace
}  // namespace headspec::kernels
