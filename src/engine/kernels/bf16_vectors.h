// AVX-512 pieces that the two bf16 units share. Only for files that are guarded by __x86_64__.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

// GCC 12 reports its own _mm512_undefined_epi32 as a use without a value wherever that is inlined.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

namespace headspec::kernels::bf16 {

#define HEADSPEC_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq")))
#define HEADSPEC_AVX512_INLINE HEADSPEC_AVX512 __attribute__((always_inline)) inline

constexpr int kLanes = 16;

// Mask of the first `count` of 16 lanes.
inline __mmask16 FirstLanes(int count) {
  return static_cast<__mmask16>(count >= kLanes ? 0xffff : (1 << count) - 1);
}

// Rounds to nearest even on the upper 16 bits, subnormals too; a NaN stays a NaN. (vcvtneps2bf16 would
// take subnormals as zero.)
HEADSPEC_AVX512_INLINE __m512 Round(__m512 x) {
  const __m512i bits = _mm512_castps_si512(x);
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  const __m512i sum = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
  const __m512i rounded = _mm512_and_si512(sum, _mm512_set1_epi32(static_cast<int>(0xffff0000u)));
  const __mmask16 is_nan = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
  return _mm512_mask_mov_ps(_mm512_castsi512_ps(rounded), is_nan, x);
}

// The bf16 values of up to 32 floats that hold bf16 values; lanes from `count` on are zero and not read.
HEADSPEC_AVX512_INLINE __m512i Narrow(const float* values, int count) {
  const __m512i low = _mm512_maskz_loadu_epi32(FirstLanes(count), values);
  const __m512i high = count > kLanes ? _mm512_maskz_loadu_epi32(FirstLanes(count - kLanes), values + kLanes)
                                      : _mm512_setzero_si512();
  const __m256i low16 = _mm512_cvtepi32_epi16(_mm512_srli_epi32(low, 16));
  const __m256i high16 = _mm512_cvtepi32_epi16(_mm512_srli_epi32(high, 16));
  return _mm512_inserti64x4(_mm512_castsi256_si512(low16), high16, 1);
}

// Transposes 16 vectors of 16 words of 32 bits.
HEADSPEC_AVX512_INLINE void Transpose(__m512i (&r)[kLanes]) {
  __m512i t[kLanes];
#pragma GCC unroll 8
  for (int i = 0; i < kLanes; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < kLanes; i += 4) {
    r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  // r[4 g + j], 128-bit part p: rows 4 g .. 4 g + 3 of column 4 p + j.
#pragma GCC unroll 4
  for (int j = 0; j < 4; ++j) {
    const __m512i a = _mm512_shuffle_i32x4(r[j], r[4 + j], 0x88);
    const __m512i b = _mm512_shuffle_i32x4(r[8 + j], r[12 + j], 0x88);
    const __m512i c = _mm512_shuffle_i32x4(r[j], r[4 + j], 0xdd);
    const __m512i d = _mm512_shuffle_i32x4(r[8 + j], r[12 + j], 0xdd);
    t[j] = _mm512_shuffle_i32x4(a, b, 0x88);
    t[8 + j] = _mm512_shuffle_i32x4(a, b, 0xdd);
    t[4 + j] = _mm512_shuffle_i32x4(c, d, 0x88);
    t[12 + j] = _mm512_shuffle_i32x4(c, d, 0xdd);
  }
#pragma GCC unroll 16
  for (int i = 0; i < kLanes; ++i) r[i] = t[i];
}

}  // namespace headspec::kernels::bf16
