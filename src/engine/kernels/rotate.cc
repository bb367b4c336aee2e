#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/rotate.cc"
#include <hwy/foreach_target.h>  // comes before highway.h

#include <hwy/highway.h>

#include <type_traits>

#include "engine/kernels/dispatch.h"
#include "engine/kernels/kernels.h"
#include "engine/kernels/round-inl.h"
#include "engine/kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace headspec::kernels {
namespace HWY_NAMESPACE {

// x cos + y sin: products rounded to kProduct, the sum to kSum.
template <DType kProduct, DType kSum, class D, class V>
V Combine(D d, V x, V cos, V y, V sin) {
  const auto first = RoundVector<kProduct>(d, hn::Mul(x, cos));
  const auto second = RoundVector<kProduct>(d, hn::Mul(y, sin));
  return RoundVector<kSum>(d, hn::Add(first, second));
}

template <DType kProduct, DType kSum>
void RotatePairs(bool interleaved, const float* cos, const float* sin, std::size_t pairs, float* head) {
  if (interleaved) {
    EachVector(pairs, [&](auto d, std::size_t i) {
      const auto c = hn::LoadU(d, cos + i), s = hn::LoadU(d, sin + i);
      auto x = hn::Zero(d), y = hn::Zero(d);
      hn::LoadInterleaved2(d, head + 2 * i, x, y);
      hn::StoreInterleaved2(Combine<kProduct, kSum>(d, x, c, hn::Neg(y), s),
                            Combine<kProduct, kSum>(d, y, c, x, s), d, head + 2 * i);
    });
    return;
  }
  EachVector(pairs, [&](auto d, std::size_t i) {
    const auto c = hn::LoadU(d, cos + i), s = hn::LoadU(d, sin + i);
    const auto x = hn::LoadU(d, head + i), y = hn::LoadU(d, head + pairs + i);
    hn::StoreU(Combine<kProduct, kSum>(d, x, c, hn::Neg(y), s), d, head + i);
    hn::StoreU(Combine<kProduct, kSum>(d, y, c, x, s), d, head + pairs + i);
  });
}

void RotateHead(DType type, const RotaryStyle& style, const float* cos, const float* sin, std::size_t pairs,
                float* head) {
  using Rounding = RotaryStyle::Rounding;
  WithType(style.rounding == Rounding::kNever ? DType::kF32 : type, [&](auto kind) {
    constexpr DType kType = decltype(kind)::value;
    if (style.rounding == Rounding::kEachOperation)
      RotatePairs<kType, kType>(style.interleaved, cos, sin, pairs, head);
    else
      RotatePairs<DType::kF32, kType>(style.interleaved, cos, sin, pairs, head);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace headspec::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace headspec::kernels {

HWY_EXPORT(RotateHead);

void Rotate(DType type, const RotaryStyle& style, std::span<const float> cos, std::span<const float> sin,
            std::span<float> head) {
  HEADSPEC_DISPATCH(RotateHead)(type, style, cos.data(), sin.data(), cos.size(), head.data());
}

}  // namespace headspec::kernels
#endif
