#include "engine/kernels/bf16_units.h"

#if defined(__x86_64__)

#include <hwy/aligned_allocator.h>

#include <algorithm>
#include <vector>

#include "engine/kernels/bf16_vectors.h"

// The float kernels' scheme with pairs of bf16 in each lane: a panel of 32 outputs over kDepth terms meets
// every row of x while it is in the cache; x is narrowed once per call.
namespace headspec::kernels {
namespace {

#define HEADSPEC_PAIRS __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))

constexpr int kWidth = 2 * bf16::kLanes;  // outputs per panel
constexpr int kDepth = 512;               // terms per panel: 32 KiB of pairs
constexpr int kTerms = 32;                // bf16 values in a vector
constexpr int kRows = 12;                 // of x per block: 24 sums, two panel vectors and a broadcast

constexpr std::size_t Size(int n) { return static_cast<std::size_t>(n); }
constexpr int CeilDiv(int a, int b) { return (a + b - 1) / b; }

// x narrowed to pairs, zero beyond its columns.
struct NarrowRows {
  explicit NarrowRows(const MatrixView& x)
      : stride(Size(CeilDiv(x.cols, kTerms)) * bf16::kLanes),
        pairs(hwy::AllocateAligned<std::int32_t>(Size(x.rows) * stride)) {}
  const std::int32_t* Row(int row) const { return pairs.get() + Size(row) * stride; }

  HEADSPEC_PAIRS void Fill(const MatrixView& x, int row) {
    std::int32_t* out = pairs.get() + Size(row) * stride;
    for (int k = 0; k < x.cols; k += kTerms, out += bf16::kLanes)
      _mm512_store_si512(out, bf16::Narrow(x.Row(row) + k, x.cols - k));
  }

  std::size_t stride;
  hwy::AlignedFreeUniquePtr<std::int32_t[]> pairs;
};

// panel[pair of terms][output] of outputs first .. first + 31 and `depth` terms from k on; zero outside w.
HEADSPEC_PAIRS void LoadPanel(const WeightView& w, int first, int k, int depth, std::int32_t* panel) {
  for (int half = 0; half < kWidth; half += bf16::kLanes) {
    for (int term = 0; term < depth; term += kTerms) {
      const auto mask = static_cast<__mmask32>((std::uint64_t{1} << std::min(kTerms, depth - term)) - 1);
      __m512i rows[bf16::kLanes];
#pragma GCC unroll 16
      for (int i = 0; i < bf16::kLanes; ++i) {
        const int row = first + half + i;
        rows[i] = row < w.rows ? _mm512_maskz_loadu_epi16(mask, w.Row(row) + 2 * Size(k + term))
                               : _mm512_setzero_si512();
      }
      bf16::Transpose(rows);
      std::int32_t* out = panel + Size(term / 2) * kWidth + half;
#pragma GCC unroll 16
      for (int i = 0; i < bf16::kLanes; ++i) _mm512_store_si512(out + i * kWidth, rows[i]);
    }
  }
}

// sums (kM, 32) += x panel over `count` pairs of terms.
template <int kM>
HEADSPEC_PAIRS void Block(const std::int32_t* x, std::size_t stride, const std::int32_t* panel, int count,
                          float* sums) {
  __m512 low[kM], high[kM];
#pragma GCC unroll 12
  for (int m = 0; m < kM; ++m) {
    low[m] = _mm512_load_ps(sums + m * kWidth);
    high[m] = _mm512_load_ps(sums + m * kWidth + bf16::kLanes);
  }
  for (int pair = 0; pair < count; ++pair, panel += kWidth) {
    const auto panel_low = reinterpret_cast<__m512bh>(_mm512_load_si512(panel));
    const auto panel_high = reinterpret_cast<__m512bh>(_mm512_load_si512(panel + bf16::kLanes));
#pragma GCC unroll 12
    for (int m = 0; m < kM; ++m) {
      const auto value = reinterpret_cast<__m512bh>(_mm512_set1_epi32(x[Size(m) * stride + Size(pair)]));
      low[m] = _mm512_dpbf16_ps(low[m], value, panel_low);
      high[m] = _mm512_dpbf16_ps(high[m], value, panel_high);
    }
  }
#pragma GCC unroll 12
  for (int m = 0; m < kM; ++m) {
    _mm512_store_ps(sums + m * kWidth, low[m]);
    _mm512_store_ps(sums + m * kWidth + bf16::kLanes, high[m]);
  }
}

// The rows beyond the last whole block, in blocks of 4 and 1.
void MultiplyPanel(const NarrowRows& x, int rows, int k, const std::int32_t* panel, int count, float* sums) {
  int row = 0;
  const auto run = [&](int step, auto block) {
    for (; row + step <= rows; row += step)
      block(x.Row(row) + k / 2, x.stride, panel, count, sums + Size(row) * kWidth);
  };
  run(kRows, Block<kRows>);
  run(4, Block<4>);
  run(1, Block<1>);
}

HEADSPEC_PAIRS void StorePanel(const float* sums, const float* bias, int first, const MatrixView& y) {
  for (int half = 0; half < kWidth && first + half < y.cols; half += bf16::kLanes) {
    const int output = first + half;
    const __mmask16 mask = bf16::FirstLanes(y.cols - output);
    const __m512 offset = _mm512_maskz_loadu_ps(mask, bias + output);
    for (int m = 0; m < y.rows; ++m) {
      const __m512 sum = _mm512_load_ps(sums + Size(m) * kWidth + half);
      _mm512_mask_storeu_ps(y.Row(m) + output, mask, bf16::Round(_mm512_add_ps(sum, offset)));
    }
  }
}

struct Scratch {
  hwy::AlignedFreeUniquePtr<std::int32_t[]> panel = hwy::AllocateAligned<std::int32_t>(kWidth * kDepth / 2);
  hwy::AlignedFreeUniquePtr<float[]> sums;
  std::size_t sums_size = 0;

  float* Sums(int rows) {
    const std::size_t size = Size(rows) * kWidth;
    if (size > sums_size) {
      sums = hwy::AllocateAligned<float>(size);
      sums_size = size;
    }
    std::fill_n(sums.get(), size, 0.0f);
    return sums.get();
  }
};

void LinearPanel(const NarrowRows& x, const WeightView& w, const float* bias, const MatrixView& y,
                 int first) {
  static thread_local Scratch scratch;
  float* sums = scratch.Sums(y.rows);
  for (int k = 0; k < w.cols; k += kDepth) {
    const int depth = std::min(kDepth, w.cols - k);
    LoadPanel(w, first, k, depth, scratch.panel.get());
    MultiplyPanel(x, y.rows, k, scratch.panel.get(), CeilDiv(depth, 2), sums);
  }
  StorePanel(sums, bias, first, y);
}

}  // namespace

bool HasAvx512Bf16() {
  static const bool has = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                          __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                          __builtin_cpu_supports("avx512bf16");
  return has;
}

void LinearAvx512Bf16(const MatrixView& x, const LinearWeights& w, const MatrixView& y, ThreadPool& pool) {
  std::vector<float> bias(Size(w.weight.rows));
  if (w.bias.data != nullptr) bias = LoadVector(w.bias, DType::kBF16);
  NarrowRows narrow(x);
  pool.For(x.rows, [&](int row) { narrow.Fill(x, row); });
  pool.For(CeilDiv(w.weight.rows, kWidth),
           [&](int panel) { LinearPanel(narrow, w.weight, bias.data(), y, panel * kWidth); });
}

}  // namespace headspec::kernels

#else

namespace headspec::kernels {

bool HasAvx512Bf16() { return false; }
void LinearAvx512Bf16(const MatrixView&, const LinearWeights&, const MatrixView&, ThreadPool&) {}

}  // namespace headspec::kernels

#endif
