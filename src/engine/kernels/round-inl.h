// Vector rounding to the model's precision and loading of stored elements, shared by the kernel files.
// Included once per instruction set, after hwy/foreach_target.h; no include guard across targets.
#if defined(HEADSPEC_ROUND_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef HEADSPEC_ROUND_INL_H
#undef HEADSPEC_ROUND_INL_H
#else
#define HEADSPEC_ROUND_INL_H
#endif

#include <hwy/highway.h>

#include <cstring>

#include "core/matrix_view.h"

HWY_BEFORE_NAMESPACE();
namespace headspec::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Round to nearest even on the upper 16 bits; a NaN stays a NaN.
template <class D, class V = hn::VFromD<D>>
V RoundBf16(D d, V x) {
  const hn::RebindToUnsigned<D> du;
  const auto bits = hn::BitCast(du, x);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(du, 1u));
  const auto rounded = hn::And(hn::Add(bits, hn::Add(odd, hn::Set(du, 0x7fffu))), hn::Set(du, 0xffff0000u));
  return hn::IfThenElse(hn::IsNaN(x), x, hn::BitCast(d, rounded));
}

// Normal range: as for bf16 with 13 dropped bits. Below 2^-14 the spacing is fixed at 2^-24, which is the
// spacing of floats in [0.5, 1): adding and subtracting 0.5 rounds there. From 65520 on: infinity.
template <class D, class V = hn::VFromD<D>>
V RoundF16(D d, V x) {
  const hn::RebindToUnsigned<D> du;
  const auto bits = hn::BitCast(du, x);
  const auto sign = hn::And(bits, hn::Set(du, 0x80000000u));
  const auto odd = hn::And(hn::ShiftRight<13>(bits), hn::Set(du, 1u));
  const auto normal =
      hn::BitCast(d, hn::And(hn::Add(bits, hn::Add(odd, hn::Set(du, 0xfffu))), hn::Set(du, 0xffffe000u)));
  const auto magnitude = hn::Abs(x);
  const auto half = hn::Set(d, 0.5f);
  const auto small = hn::Sub(hn::Add(magnitude, half), half);
  const auto small_signed = hn::BitCast(d, hn::Or(hn::BitCast(du, small), sign));
  const auto infinity = hn::BitCast(d, hn::Or(sign, hn::Set(du, 0x7f800000u)));
  auto result = hn::IfThenElse(hn::Lt(magnitude, hn::Set(d, 6.103515625e-05f)), small_signed, normal);
  result = hn::IfThenElse(hn::Ge(magnitude, hn::Set(d, 65520.0f)), infinity, result);
  return hn::IfThenElse(hn::IsNaN(x), x, result);
}

template <DType kType, class D, class V = hn::VFromD<D>>
V RoundVector(D d, V x) {
  if constexpr (kType == DType::kBF16) return RoundBf16(d, x);
  if constexpr (kType == DType::kF16) return RoundF16(d, x);
  return x;
}

// Calls f with the model precision as a compile-time constant.
template <class F>
void WithType(DType type, F&& f) {
  switch (type) {
    case DType::kBF16:
      return f(std::integral_constant<DType, DType::kBF16>());
    case DType::kF16:
      return f(std::integral_constant<DType, DType::kF16>());
    default:
      return f(std::integral_constant<DType, DType::kF32>());
  }
}

// Applies f(d, vector) to every element; the tail goes through a padded copy.
template <class F>
void Transform(float* values, std::size_t count, F&& f) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) hn::StoreU(f(d, hn::LoadU(d, values + i)), d, values + i);
  if (i == count) return;
  HWY_ALIGN float tail[HWY_MAX_BYTES / sizeof(float)] = {};
  std::memcpy(tail, values + i, (count - i) * sizeof(float));
  hn::Store(f(d, hn::Load(d, tail)), d, tail);
  std::memcpy(values + i, tail, (count - i) * sizeof(float));
}

// One float per stored element, exact for all three stored types; bytes may be unaligned.
inline void Widen(DType stored, const std::byte* bytes, std::size_t count, float* out) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  if (stored == DType::kF32) {
    std::memcpy(out, bytes, count * sizeof(float));
    return;
  }
  const hn::Rebind<std::uint16_t, decltype(d)> d16;
  const hn::RebindToUnsigned<decltype(d)> du;
  const auto* source = reinterpret_cast<const std::uint8_t*>(bytes);
  const auto convert = [&](const std::uint8_t* from) {
    HWY_ALIGN std::uint16_t raw[HWY_MAX_BYTES / sizeof(std::uint16_t)];
    std::memcpy(raw, from, lanes * sizeof(std::uint16_t));
    const auto half = hn::Load(d16, raw);
    if (stored == DType::kBF16) return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(du, half)));
    // fp16: move exponent and mantissa into place and rescale by 2^112, which is exact and also
    // normalises subnormals; exponent 31 then becomes infinity or NaN by hand.
    const auto wide = hn::PromoteTo(du, half);
    const auto sign = hn::ShiftLeft<16>(hn::And(wide, hn::Set(du, 0x8000u)));
    const auto rest = hn::And(wide, hn::Set(du, 0x7fffu));
    const auto scaled = hn::Mul(hn::BitCast(d, hn::ShiftLeft<13>(rest)), hn::Set(d, 5.192296858534828e+33f));
    const auto special = hn::Or(hn::ShiftLeft<13>(rest), hn::Set(du, 0x7f800000u));
    const auto magnitude = hn::IfThenElse(hn::RebindMask(d, hn::Gt(rest, hn::Set(du, 0x7bffu))),
                                          hn::BitCast(d, special), scaled);
    return hn::BitCast(d, hn::Or(hn::BitCast(du, magnitude), sign));
  };
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) hn::StoreU(convert(source + 2 * i), d, out + i);
  if (i == count) return;
  std::uint8_t tail[HWY_MAX_BYTES] = {};
  HWY_ALIGN float converted[HWY_MAX_BYTES / sizeof(float)];
  std::memcpy(tail, source + 2 * i, 2 * (count - i));
  hn::Store(convert(tail), d, converted);
  std::memcpy(out + i, converted, (count - i) * sizeof(float));
}

inline void RoundAll(DType type, float* values, std::size_t count) {
  WithType(type, [&](auto kind) {
    Transform(values, count, [](auto d, auto x) { return RoundVector<decltype(kind)::value>(d, x); });
  });
}

// Every stored value of type `stored` is a value of `type` already.
inline bool IsExactIn(DType stored, DType type) { return type == DType::kF32 || stored == type; }

inline void LoadElements(const WeightView& weight, int row, int first, int count, DType type, float* out) {
  const std::size_t element = static_cast<std::size_t>(BitsOf(weight.dtype)) / 8;
  Widen(weight.dtype, weight.Row(row) + static_cast<std::size_t>(first) * element,
        static_cast<std::size_t>(count), out);
  if (!IsExactIn(weight.dtype, type)) RoundAll(type, out, static_cast<std::size_t>(count));
}

}  // namespace HWY_NAMESPACE
}  // namespace headspec::kernels
HWY_AFTER_NAMESPACE();

#endif
