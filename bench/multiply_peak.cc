#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "multiply_peak.cc"
#include <hwy/foreach_target.h>  // comes before highway.h

#include <benchmark/benchmark.h>
#include <hwy/highway.h>

#include <cstdint>
#include <vector>

#include "multiply_peak.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

HWY_BEFORE_NAMESPACE();
namespace headspec {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// 12 sums hide the latency of every processor's multiply-add and fit 16 registers.
double FloatMultiplyAdds() {
  constexpr int kSums = 12, kRounds = 1 << 19;
  const hn::ScalableTag<float> d;
  HWY_ALIGN float memory[HWY_MAX_BYTES / sizeof(float)] = {};
  const auto a = hn::Iota(d, 1.37f), b = hn::Iota(d, -0.73f);
  hn::VFromD<decltype(d)> sums[kSums];
  for (auto& sum : sums) sum = a;
  for (int round = 0; round < kRounds; ++round) {
#pragma GCC unroll 12
    for (auto& sum : sums) sum = hn::MulAdd(a, b, sum);
  }
  for (int i = 1; i < kSums; ++i) sums[0] = hn::Add(sums[0], sums[i]);
  hn::Store(sums[0], d, memory);
  benchmark::DoNotOptimize(memory[0]);
  return 2.0 * kSums * kRounds * static_cast<double>(hn::Lanes(d));
}

}  // namespace HWY_NAMESPACE
}  // namespace headspec
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace headspec {

HWY_EXPORT(FloatMultiplyAdds);

namespace {

#if defined(__x86_64__)
// Values of either sign in [1, 2): operands of zeros or ones would draw less power and run faster.
void FillWithBf16(std::uint16_t* values, int count) {
  std::uint32_t state = 1;
  for (int i = 0; i < count; ++i) {
    state = state * 1664525u + 1013904223u;
    values[i] = static_cast<std::uint16_t>(0x3f80u | (state >> 16 & 0x807fu));
  }
}

__attribute__((target("avx512f,avx512bf16"))) double PairMultiplyAdds() {
  constexpr int kSums = 12, kRounds = 1 << 19;
  alignas(64) std::uint16_t values[64];
  FillWithBf16(values, 64);
  const auto a = reinterpret_cast<__m512bh>(_mm512_load_si512(values));
  const auto b = reinterpret_cast<__m512bh>(_mm512_load_si512(values + 32));
  __m512 sums[kSums];
  for (auto& sum : sums) sum = _mm512_setzero_ps();
  for (int round = 0; round < kRounds; ++round) {
#pragma GCC unroll 12
    for (auto& sum : sums) sum = _mm512_dpbf16_ps(sum, a, b);
  }
  for (int i = 1; i < kSums; ++i) sums[0] = _mm512_add_ps(sums[0], sums[i]);
  alignas(64) float result[16];
  _mm512_store_ps(result, sums[0]);
  benchmark::DoNotOptimize(result[0]);
  return 2.0 * kSums * kRounds * 32;
}

__attribute__((target("amx-tile,amx-bf16"))) double TileMultiplyAdds() {
  constexpr int kRounds = 1 << 17;
  struct alignas(64) {
    std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
    std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
  } config;
  alignas(64) std::uint16_t values[4][512];
  FillWithBf16(values[0], 4 * 512);
  // GCC's _tile_loadconfig does not say that it reads memory.
  asm volatile("" : : "r"(&config), "r"(values) : "memory");
  _tile_loadconfig(&config);
  _tile_loadd(4, values[0], 64);
  _tile_loadd(5, values[1], 64);
  _tile_loadd(6, values[2], 64);
  _tile_loadd(7, values[3], 64);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (int round = 0; round < kRounds; ++round) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 5, 6);
    _tile_dpbf16ps(2, 4, 7);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_release();
  return 2.0 * 4 * kRounds * 16 * 16 * 32;
}
#endif

double MultiplyAdds(const std::string& target) {
#if defined(__x86_64__)
  if (target == "AMX-BF16") return TileMultiplyAdds();
  if (target == "AVX512-BF16") return PairMultiplyAdds();
#endif
  return HWY_DYNAMIC_DISPATCH(FloatMultiplyAdds)();
}

}  // namespace

double RunMultiplyAdds(const std::string& target, ThreadPool& pool) {
  std::vector<double> operations(static_cast<std::size_t>(pool.threads()));
  pool.For(pool.threads(),
           [&](int task) { operations[static_cast<std::size_t>(task)] = MultiplyAdds(target); });
  double sum = 0;
  for (const double count : operations) sum += count;
  return sum;
}

}  // namespace headspec
#endif
