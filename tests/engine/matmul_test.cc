// The matrix products against sums in double. The bound of each output follows from its operands: k fused
// multiply-adds err by at most k * 2^-24 * sum |x w|, and the rounding at the end by half a spacing.
#include <gtest/gtest.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

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

// Float targets with fused multiply-add: one chain of additions per output, whatever the vector's width.
bool IsBitIdentical(const std::string& target) {
  return HasFusedMultiplyAdd(target) && !target.ends_with("-BF16");
}

TEST(Linear, FloatTargetsGiveTheSameBits) {
  Random random(8);
  for (const Shape& shape : {Shape{182, 1300, 45}, Shape{7, 2048, 64}, Shape{300, 513, 16}}) {
    const std::vector<float> x = random.Values(DType::kBF16, Size(shape.m) * Size(shape.k));
    const StoredWeight w(DType::kBF16, shape.n, shape.k,
                         random.Values(DType::kBF16, Size(shape.n) * Size(shape.k)));
    std::vector<float> first;
    OnEveryTarget([&](const std::string& target) {
      if (!IsBitIdentical(target)) return;
      ThreadPool pool(2);
      GappedMatrix in(shape.m, shape.k, x);
      GappedMatrix out(shape.m, shape.n);
      Linear(in.view(), {w.view(), {}}, out.view(), DType::kBF16, pool);
      if (first.empty()) first = out.Values();
      EXPECT_TRUE(SameValues(out.Values(), first));
    });
  }
}

TEST(LinearBf16, AwkwardShapes) {
  for (const Shape& shape : {Shape{1, 31, 17}, Shape{15, 32, 16}, Shape{16, 33, 32}, Shape{17, 64, 33},
                             Shape{31, 1025, 48}, Shape{32, 2559, 65}, Shape{33, 2561, 31},
                             Shape{182, 5150, 70}, Shape{257, 1056, 97}, Shape{600, 545, 300}}) {
    TestLinear({shape, DType::kBF16, DType::kBF16, true});
    TestLinear({shape, DType::kBF16, DType::kBF16, false});
  }
}

TEST(LinearBf16, AnyNumberOfThreadsGivesTheSameBits) {
  Random random(9);
  for (const Shape& shape : {Shape{182, 700, 1301}, Shape{530, 2700, 530}}) {
    const std::vector<float> x = random.Values(DType::kBF16, Size(shape.m) * Size(shape.k));
    const StoredWeight w(DType::kBF16, shape.n, shape.k,
                         random.Values(DType::kBF16, Size(shape.n) * Size(shape.k)));
    OnEveryTarget([&](const std::string&) {
      std::vector<float> first;
      for (const int threads : {1, 2, 3, 8}) {
        ThreadPool pool(threads);
        GappedMatrix in(shape.m, shape.k, x);
        GappedMatrix out(shape.m, shape.n);
        Linear(in.view(), {w.view(), {}}, out.view(), DType::kBF16, pool);
        if (threads == 1) first = out.Values();
        EXPECT_TRUE(SameValues(out.Values(), first)) << threads;
      }
    });
  }
}

// What a row of x holds does not depend on the rows beside it: chunks of prompts give the same bits.
TEST(LinearBf16, RowsDoNotDependOnTheirNumber) {
  Random random(10);
  constexpr Shape kShape{300, 2600, 130};
  const std::vector<float> x = random.Values(DType::kBF16, Size(kShape.m) * Size(kShape.k));
  const StoredWeight w(DType::kBF16, kShape.n, kShape.k,
                       random.Values(DType::kBF16, Size(kShape.n) * Size(kShape.k)));
  ThreadPool pool(2);
  OnEveryTarget([&](const std::string&) {
    GappedMatrix in(kShape.m, kShape.k, x);
    GappedMatrix all(kShape.m, kShape.n), parts(kShape.m, kShape.n);
    Linear(in.view(), {w.view(), {}}, all.view(), DType::kBF16, pool);
    for (int row = 0; row < kShape.m; row += 77) {
      const int count = std::min(77, kShape.m - row);
      Linear(in.view().Rows(row, count), {w.view(), {}}, parts.view().Rows(row, count), DType::kBF16, pool);
    }
    EXPECT_TRUE(SameValues(parts.Values(), all.Values()));
  });
}

TEST(LinearBf16, NotANumberAndInfinityStayInTheirRowAndColumn) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
  constexpr Shape kShape{20, 70, 35};
  std::vector<float> x(Size(kShape.m) * Size(kShape.k), 1.0f), w(Size(kShape.n) * Size(kShape.k), 2.0f);
  x[3 * 70 + 69] = kNaN;
  x[5 * 70 + 1] = -kInfinity;
  w[34 * 70 + 69] = kInfinity;
  w[33 * 70] = kNaN;
  const StoredWeight stored(DType::kBF16, kShape.n, kShape.k, w);
  ThreadPool pool(1);
  OnEveryTarget([&](const std::string&) {
    GappedMatrix in(kShape.m, kShape.k, x);
    GappedMatrix out(kShape.m, kShape.n);
    Linear(in.view(), {stored.view(), {}}, out.view(), DType::kBF16, pool);
    for (int m = 0; m < kShape.m; ++m) {
      for (int n = 0; n < kShape.n; ++n) {
        const bool is_nan = m == 3 || n == 33 || (m == 5 && n == 34);  // the last is infinity minus infinity
        const float expected = is_nan ? kNaN : n == 34 ? kInfinity : m == 5 ? -kInfinity : 140.0f;
        EXPECT_TRUE(SameValue(out.view().Row(m)[n], expected)) << m << ", " << n;
      }
    }
  });
}

// The bf16 units take subnormal operands as zero; the float kernels keep them. Outputs keep theirs on all, as
// rounding is done apart.
TEST(LinearBf16, Subnormals) {
  const float tiny = std::ldexp(1.0f, -130);
  const std::vector<float> x(64, 1.0f);
  const StoredWeight w(DType::kBF16, 1, 64, std::vector<float>(64, tiny));
  const StoredWeight zeros(DType::kBF16, 1, 64, std::vector<float>(64));
  const StoredWeight bias(DType::kBF16, 1, 1, {tiny});
  ThreadPool pool(1);
  OnEveryTarget([&](const std::string& target) {
    GappedMatrix in(1, 64, x);
    GappedMatrix out(1, 1);
    Linear(in.view(), {w.view(), {}}, out.view(), DType::kBF16, pool);
    EXPECT_EQ(out.Values().front(), target.ends_with("-BF16") ? 0 : 64 * tiny);
    Linear(in.view(), {zeros.view(), bias.view()}, out.view(), DType::kBF16, pool);
    EXPECT_EQ(out.Values().front(), tiny);
  });
}

TEST(LinearBf16, SumsRoundToEvenAndOverflowToInfinity) {
  const StoredWeight w(DType::kBF16, 4, 2, {1, 1.0f / 256, 1, 3.0f / 256, 1, 1.0f / 512, 3e38f, 3e38f});
  ThreadPool pool(1);
  OnEveryTarget([&](const std::string&) {
    GappedMatrix in(1, 2, {1, 1});
    GappedMatrix out(1, 4);
    Linear(in.view(), {w.view(), {}}, out.view(), DType::kBF16, pool);
    EXPECT_EQ(out.Values(),
              (std::vector<float>{1, 1 + 2.0f / 128, 1, std::numeric_limits<float>::infinity()}));
  });
}

#if defined(__linux__)
// A tensor may end where the mapping of its file ends: nothing beyond it is read.
TEST(Linear, ReadsNothingBeyondTheTensor) {
  constexpr std::size_t kPage = 4096, kMapped = 64 * kPage;
  void* mapped = mmap(nullptr, kMapped + kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(mapped, MAP_FAILED);
  auto* bytes = static_cast<std::byte*>(mapped);
  ASSERT_EQ(mprotect(bytes + kMapped, kPage, PROT_NONE), 0);
  ThreadPool pool(1);
  for (const Shape& shape : {Shape{3, 31, 1}, Shape{17, 33, 31}, Shape{4, 545, 33}, Shape{2, 96, 64}}) {
    const std::size_t size = 2 * Size(shape.n) * Size(shape.k);
    const WeightView w{DType::kBF16, bytes + kMapped - size, shape.n, shape.k};
    const WeightView bias{DType::kBF16, bytes + kMapped - 2 * Size(shape.n), shape.n, 1};
    OnEveryTarget([&](const std::string&) {
      GappedMatrix in(shape.m, shape.k, std::vector<float>(Size(shape.m) * Size(shape.k), 1.0f));
      GappedMatrix out(shape.m, shape.n);
      Linear(in.view(), {w, bias}, out.view(), DType::kBF16, pool);
      EXPECT_EQ(out.Values(), std::vector<float>(Size(shape.m) * Size(shape.n)));
    });
  }
  munmap(mapped, kMapped + kPage);
}
#endif

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
