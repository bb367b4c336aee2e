// The matrix products against sums in double. The bound of each output follows from its operands: k fused
// multiply-adds err by at most k * 2^-24 * sum |x w|, and the rounding at the end by half a spacing.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/kernel_testing.h"

namespace headspec::kernels {
namespace {

constexpr double kEpsilon = 1.0 / (1 << 24);

struct Shape {
  int m, k, n;
};

std::size_t Size(int n) { return static_cast<std::size_t>(n); }

// x (M, K), w (N, K) and bias (N) in double, all as the kernel sees them after rounding to the model's type.
struct Problem {
  Shape shape;
  std::vector<double> x, w, bias;
};

struct Output {
  double value = 0;
  double bound = 0;
};

std::vector<double> RoundedDoubles(DType type, const std::vector<float>& values) {
  std::vector<double> doubles;
  for (const float value : values)
    doubles.push_back(static_cast<double>(Rounded(type, static_cast<double>(value))));
  return doubles;
}

std::vector<Output> Reference(const Problem& p, DType type) {
  std::vector<Output> outputs;
  for (int m = 0; m < p.shape.m; ++m) {
    for (int n = 0; n < p.shape.n; ++n) {
      const double* x = p.x.data() + Size(m) * Size(p.shape.k);
      const double* w = p.w.data() + Size(n) * Size(p.shape.k);
      double sum = p.bias.empty() ? 0 : p.bias[Size(n)];
      double norm = std::abs(sum);
      for (int k = 0; k < p.shape.k; ++k) {
        sum += x[k] * w[k];
        norm += std::abs(x[k] * w[k]);
      }
      const double summing = (p.shape.k + 2) * kEpsilon * norm;
      outputs.push_back(
          {sum, summing + (type == DType::kF32 ? 0 : HalfSpacing(type, std::abs(sum) + summing))});
    }
  }
  return outputs;
}

::testing::AssertionResult WithinBounds(const std::vector<float>& actual, const std::vector<Output>& expected,
                                        int n) {
  double worst = -1;
  std::size_t at = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double distance = std::abs(static_cast<double>(actual[i]) - expected[i].value);
    const double ratio =
        distance <= expected[i].bound ? distance / std::max(expected[i].bound, 1e-300) : 1 + distance;
    if (ratio > worst || std::isnan(ratio)) {
      worst = ratio;
      at = i;
    }
  }
  const auto result = worst <= 1 ? ::testing::AssertionSuccess() : ::testing::AssertionFailure();
  return ::testing::AssertionResult(result)
         << "worst output (" << at / Size(n) << ", " << at % Size(n) << "): expected " << expected[at].value
         << " within " << expected[at].bound << ", found " << actual[at];
}

struct LinearCase {
  Shape shape;
  DType stored;
  DType type;
  bool has_bias;
};

void TestLinear(const LinearCase& c) {
  Random random(static_cast<std::uint32_t>(c.shape.m * 7919 + c.shape.k * 31 + c.shape.n));
  const std::vector<float> x = random.Values(c.type, Size(c.shape.m) * Size(c.shape.k), 2);
  const std::vector<float> w = random.Values(c.stored, Size(c.shape.n) * Size(c.shape.k));
  const std::vector<float> bias =
      c.has_bias ? random.Values(c.stored, Size(c.shape.n), 3) : std::vector<float>();
  const auto expected = Reference(
      {c.shape, RoundedDoubles(c.type, x), RoundedDoubles(c.type, w), RoundedDoubles(c.type, bias)}, c.type);
  const StoredWeight stored_w(c.stored, c.shape.n, c.shape.k, w);
  const StoredWeight stored_bias(c.stored, c.shape.n, 1, bias);
  ThreadPool pool(1);
  OnEveryTarget([&](const std::string&) {
    GappedMatrix in(c.shape.m, c.shape.k, x);
    GappedMatrix out(c.shape.m, c.shape.n);
    Linear(in.view(), {stored_w.view(), c.has_bias ? stored_bias.view() : WeightView()}, out.view(), c.type,
           pool);
    EXPECT_TRUE(WithinBounds(out.Values(), expected, c.shape.n))
        << NameOf(c.stored) << " weights, " << NameOf(c.type) << " model, " << c.shape.m << "x" << c.shape.k
        << "x" << c.shape.n << (c.has_bias ? " with bias" : " without bias");
    EXPECT_TRUE(out.GapsAreIntact());
  });
}

constexpr int kTerms[] = {1, 3, 511, 512, 513, 2560};
constexpr int kOutputs[] = {1, 5, 31, 33, 100};

TEST(Linear, EveryNumberOfRows) {
  for (int m = 1; m <= 13; ++m) {
    for (const int k : kTerms) {
      for (const int n : kOutputs) TestLinear({{m, k, n}, DType::kBF16, DType::kBF16, true});
    }
  }
}

TEST(Linear, ManyRows) {
  for (const int k : kTerms) {
    for (const int n : kOutputs) TestLinear({{182, k, n}, DType::kF16, DType::kF16, true});
  }
}

TEST(Linear, EveryStoredAndModelType) {
  for (const DType stored : kTypes) {
    for (const DType type : kTypes) {
      for (const bool has_bias : {false, true}) {
        for (const Shape& shape :
             {Shape{1, 1, 1}, Shape{5, 513, 33}, Shape{13, 512, 31}, Shape{25, 3, 100}}) {
          TestLinear({shape, stored, type, has_bias});
        }
      }
    }
  }
}

TEST(Linear, AnyNumberOfThreadsGivesTheSameBits) {
  Random random(5);
  const std::vector<float> x = random.Values(DType::kF32, 29 * 700);
  const StoredWeight w(DType::kBF16, 301, 700, random.Values(DType::kBF16, 301 * 700));
  OnEveryTarget([&](const std::string&) {
    std::vector<float> first;
    for (const int threads : {1, 2, 3, 8}) {
      ThreadPool pool(threads);
      GappedMatrix in(29, 700, x);
      GappedMatrix out(29, 301);
      Linear(in.view(), {w.view(), {}}, out.view(), DType::kF32, pool);
      if (threads == 1) first = out.Values();
      EXPECT_TRUE(SameValues(out.Values(), first)) << threads;
    }
  });
}

TEST(Linear, HalfTypesOverflowToInfinity) {
  const std::vector<float> large(64, 256.0f);
  const StoredWeight w(DType::kF16, 1, 64, large);
  ThreadPool pool(1);
  OnEveryTarget([&](const std::string&) {
    GappedMatrix in(1, 64, large);
    GappedMatrix out(1, 1);
    Linear(in.view(), {w.view(), {}}, out.view(), DType::kF16, pool);
    EXPECT_EQ(out.Values().front(), std::numeric_limits<float>::infinity());
    Linear(in.view(), {w.view(), {}}, out.view(), DType::kBF16, pool);
    EXPECT_EQ(out.Values().front(), 4194304.0f);
  });
}

constexpr Shape kProducts[] = {{1, 1, 1},    {2, 80, 7},    {64, 64, 64}, {13, 96, 33},
                               {7, 12, 130}, {31, 600, 17}, {3, 513, 1}};

TEST(MultiplyTransposed, StridedViews) {
  for (const Shape& shape : kProducts) {
    Random random(6);
    const std::vector<float> a = random.Values(DType::kBF16, Size(shape.m) * Size(shape.k), 4);
    const std::vector<float> b = random.Values(DType::kBF16, Size(shape.n) * Size(shape.k), 4);
    const auto expected = Reference({shape, {a.begin(), a.end()}, {b.begin(), b.end()}, {}}, DType::kF32);
    OnEveryTarget([&](const std::string&) {
      GappedMatrix left(shape.m, shape.k, a), right(shape.n, shape.k, b), out(shape.m, shape.n);
      MultiplyTransposed(left.view(), right.view(), out.view());
      EXPECT_TRUE(WithinBounds(out.Values(), expected, shape.n))
          << shape.m << "x" << shape.k << "x" << shape.n;
      EXPECT_TRUE(out.GapsAreIntact());
    });
  }
}

TEST(Multiply, StridedViews) {
  for (const Shape& shape : kProducts) {
    Random random(7);
    const std::vector<float> a = random.Values(DType::kF16, Size(shape.m) * Size(shape.k));
    const std::vector<float> b = random.Values(DType::kF16, Size(shape.k) * Size(shape.n), 4);
    std::vector<double> transposed;
    for (int n = 0; n < shape.n; ++n) {
      for (int k = 0; k < shape.k; ++k)
        transposed.push_back(static_cast<double>(b[Size(k) * Size(shape.n) + Size(n)]));
    }
    const auto expected = Reference({shape, {a.begin(), a.end()}, transposed, {}}, DType::kF32);
    OnEveryTarget([&](const std::string&) {
      GappedMatrix left(shape.m, shape.k, a), right(shape.k, shape.n, b), out(shape.m, shape.n);
      Multiply(left.view(), right.view(), out.view());
      EXPECT_TRUE(WithinBounds(out.Values(), expected, shape.n))
          << shape.m << "x" << shape.k << "x" << shape.n;
      EXPECT_TRUE(out.GapsAreIntact());
    });
  }
}

}  // namespace
}  // namespace headspec::kernels
