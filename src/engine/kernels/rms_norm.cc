#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/rms_norm.cc"
#include <hwy/foreach_target.h>  // comes before highway.h

#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "engine/kernels/dispatch.h"
#include "engine/kernels/kernels.h"
#include "engine/kernels/round-inl.h"
#include "engine/kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace headspec::kernels {
namespace HWY_NAMESPACE {

// The norms that transformers writes out in Python end in torch's mean over the last axis. Sums here run in
// the order of torch's CPU kernel (2.9: aten/src/ATen/native/cpu/SumKernel.cpp, in its AVX2 form on AVX-512
// too): blocks of four vectors of eight lanes, sixteen blocks to a partial sum, sixteen of those to the next.
constexpr std::size_t kSumLanes = 8;
constexpr std::size_t kSumVectors = 4;
constexpr std::size_t kSumLevels = 4;
constexpr std::size_t kSumFan = 16;

// sums[i] += term(d, i).
template <std::size_t kCount, class Term>
void Accumulate(float* sums, const Term& term) {
  const hn::CappedTag<float, kCount> d;
  for (std::size_t i = 0; i < kCount; i += hn::Lanes(d))
    hn::StoreU(hn::Add(hn::LoadU(d, sums + i), term(d, i)), d, sums + i);
}

// Sum of `count` terms; term(d, i) is the vector of those from i on.
template <std::size_t kLanes, class Term>
float SumInLanes(std::size_t count, const Term& term) {
  constexpr std::size_t kBlock = kSumVectors * kLanes;
  float sums[kSumLevels][kBlock] = {};
  const auto level_sums = [&](std::size_t level) {
    return [from = sums[level]](auto d, std::size_t i) { return hn::LoadU(d, from + i); };
  };
  const std::size_t blocks = count / kBlock;
  for (std::size_t block = 0; block < blocks; ++block) {
    Accumulate<kBlock>(sums[0], [&](auto d, std::size_t i) { return term(d, block * kBlock + i); });
    std::size_t done = block + 1;
    for (std::size_t level = 1; level < kSumLevels && done % kSumFan == 0; ++level, done /= kSumFan) {
      Accumulate<kBlock>(sums[level], level_sums(level - 1));
      std::fill_n(sums[level - 1], kBlock, 0.0f);
    }
  }
  for (std::size_t level = 1; level < kSumLevels; ++level) Accumulate<kBlock>(sums[0], level_sums(level));
  std::size_t i = blocks * kBlock;
  for (; i + kLanes <= count; i += kLanes)
    Accumulate<kLanes>(sums[0], [&](auto d, std::size_t lane) { return term(d, i + lane); });
  for (std::size_t vector = 1; vector < kSumVectors; ++vector) {
    const float* from = sums[0] + vector * kLanes;
    Accumulate<kLanes>(sums[0], [&](auto d, std::size_t lane) { return hn::LoadU(d, from + lane); });
  }
  float total = 0;
  for (; i < count; ++i) total += hn::GetLane(term(hn::CappedTag<float, 1>(), i));
  for (std::size_t lane = 0; lane < kLanes; ++lane) total += sums[0][lane];
  return total;
}

template <class Term>
float Mean(std::size_t count, const Term& term) {
  const float sum = count < kSumLanes ? SumInLanes<1>(count, term) : SumInLanes<kSumLanes>(count, term);
  return sum / static_cast<float>(count);
}

// torch.rsqrt has two roundings too.
float ReciprocalDeviation(float variance, double epsilon) {
  return 1.0f / std::sqrt(variance + static_cast<float>(epsilon));
}

template <DType kType, class D, class V>
V Weighted(D d, V normalised, V weight, RmsForm form) {
  if (form == RmsForm::kTwoRoundings) normalised = RoundVector<kType>(d, normalised);
  if (form == RmsForm::kOnePlusWeight) weight = hn::Add(hn::Set(d, 1.0f), weight);
  return RoundVector<kType>(d, hn::Mul(normalised, weight));
}

void RmsNormRow(const float* x, std::size_t count, const NormWeights& norm, RmsForm form, DType type,
                float* y) {
  const float mean = Mean(count, [x](auto d, std::size_t i) {
    const auto value = hn::LoadU(d, x + i);
    return hn::Mul(value, value);
  });
  const float scale = ReciprocalDeviation(mean, norm.epsilon);
  WithType(type, [&](auto kind) {
    EachVector(count, [&](auto d, std::size_t i) {
      constexpr DType kType = decltype(kind)::value;
      const auto normalised = hn::Mul(hn::LoadU(d, x + i), hn::Set(d, scale));
      const auto result = norm.weight.empty()
                              ? RoundVector<kType>(d, normalised)
                              : Weighted<kType>(d, normalised, hn::LoadU(d, norm.weight.data() + i), form);
      hn::StoreU(result, d, y + i);
    });
  });
}

void TwoPassLayerNormRow(const float* x, std::size_t count, const NormWeights& norm, DType type, float* y) {
  const float mean = Mean(count, [x](auto d, std::size_t i) { return hn::LoadU(d, x + i); });
  const auto centred = [x, mean](auto d, std::size_t i) {
    return hn::Sub(hn::LoadU(d, x + i), hn::Set(d, mean));
  };
  const float variance = Mean(count, [&](auto d, std::size_t i) {
    const auto distance = centred(d, i);
    return hn::Mul(distance, distance);
  });
  const float scale = ReciprocalDeviation(variance, norm.epsilon);
  WithType(type, [&](auto kind) {
    EachVector(count, [&](auto d, std::size_t i) {
      auto result = hn::Mul(centred(d, i), hn::Set(d, scale));
      if (!norm.weight.empty()) result = hn::Mul(hn::LoadU(d, norm.weight.data() + i), result);
      hn::StoreU(RoundVector<decltype(kind)::value>(d, result), d, y + i);
    });
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace headspec::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace headspec::kernels {

HWY_EXPORT(RmsNormRow);
HWY_EXPORT(TwoPassLayerNormRow);

void RmsNorm(std::span<const float> x, const NormWeights& norm, RmsForm form, DType type,
             std::span<float> y) {
  HEADSPEC_DISPATCH(RmsNormRow)(x.data(), x.size(), norm, form, type, y.data());
}

void TwoPassLayerNorm(std::span<const float> x, const NormWeights& norm, DType type, std::span<float> y) {
  HEADSPEC_DISPATCH(TwoPassLayerNormRow)(x.data(), x.size(), norm, type, y.data());
}

}  // namespace headspec::kernels
#endif
