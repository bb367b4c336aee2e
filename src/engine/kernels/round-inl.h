// Vector rounding to the model's precision and loading of stored elements, shared by the kernel files.
// Included once per instruction set, after hwy/foreach_target.h; no include guard across targets.
#if defined(HEADSPEC_ROUND_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef HEADSPEC_ROUND_INL_H
#undef HEADSPEC_ROUND_INL_H
#else
#define HEADSPEC_ROUND_INL_H
#endif

#include <hwy/highway.h>

#include <algorithm>
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

// out[i] = convert(the bits of element i, widened to 32); bytes may be unaligned.
template <class Bits, class Convert>
void WidenEach(const std::byte* bytes, std::size_t count, float* out, const Convert& convert) {
  const hn::ScalableTag<float> d;
  const hn::RebindToUnsigned<decltype(d)> du;
  const hn::Rebind<Bits, decltype(d)> stored;
  const std::size_t lanes = hn::Lanes(d);
  const auto widen = [&](const std::byte* from) {
    HWY_ALIGN Bits raw[HWY_MAX_BYTES / sizeof(Bits)];
    std::memcpy(raw, from, lanes * sizeof(Bits));
    return convert(d, hn::PromoteTo(du, hn::Load(stored, raw)));
  };
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) hn::StoreU(widen(bytes + i * sizeof(Bits)), d, out + i);
  if (i == count) return;
  std::byte tail[HWY_MAX_BYTES] = {};
  HWY_ALIGN float converted[HWY_MAX_BYTES / sizeof(float)];
  std::memcpy(tail, bytes + i * sizeof(Bits), (count - i) * sizeof(Bits));
  hn::Store(widen(tail), d, converted);
  std::memcpy(out + i, converted, (count - i) * sizeof(float));
}

// A float of fewer bits, its sign bit 1 << kSign with kMantissa bits at the low end: exponent and mantissa
// move into place and are rescaled, which is exact and also normalises subnormals; patterns beyond `largest`
// become infinity or NaN by hand.
template <int kSign, int kMantissa, class D, class V>
hn::VFromD<D> WidenSmall(D d, V bits, float rescale, std::uint32_t largest) {
  const hn::RebindToUnsigned<D> du;
  const auto sign = hn::ShiftLeft<31 - kSign>(hn::And(bits, hn::Set(du, 1u << kSign)));
  const auto rest = hn::And(bits, hn::Set(du, (1u << kSign) - 1));
  const auto in_place = hn::ShiftLeft<23 - kMantissa>(rest);
  const auto scaled = hn::Mul(hn::BitCast(d, in_place), hn::Set(d, rescale));
  const auto special = hn::Or(in_place, hn::Set(du, 0x7f800000u));
  const auto magnitude =
      hn::IfThenElse(hn::RebindMask(d, hn::Gt(rest, hn::Set(du, largest))), hn::BitCast(d, special), scaled);
  return hn::BitCast(d, hn::Or(hn::BitCast(du, magnitude), sign));
}

// One float per stored element, exact for all stored types.
inline void Widen(DType stored, const std::byte* bytes, std::size_t count, float* out) {
  switch (stored) {
    case DType::kBF16:
      return WidenEach<std::uint16_t>(
          bytes, count, out, [](auto d, auto bits) { return hn::BitCast(d, hn::ShiftLeft<16>(bits)); });
    case DType::kF16:  // by 2^112
      return WidenEach<std::uint16_t>(bytes, count, out, [](auto d, auto bits) {
        return WidenSmall<15, 10>(d, bits, 5.192296858534828e+33f, 0x7bffu);
      });
    case DType::kF8E4M3:  // by 2^120; it has no infinity, and one NaN
      return WidenEach<std::uint8_t>(bytes, count, out, [](auto d, auto bits) {
        return WidenSmall<7, 3>(d, bits, 1.329227995784916e+36f, 0x7eu);
      });
    default:
      std::memcpy(out, bytes, count * sizeof(float));
  }
}

inline void RoundAll(DType type, float* values, std::size_t count) {
  WithType(type, [&](auto kind) {
    Transform(values, count, [](auto d, auto x) { return RoundVector<decltype(kind)::value>(d, x); });
  });
}

// Every stored value of type `stored` is a value of `type` already.
inline bool IsExactIn(DType stored, DType type) { return type == DType::kF32 || stored == type; }

// Elements of a stored row, from column `first` on, times their blocks' scales.
inline void Dequantise(const BlockScales& scales, int stored_row, int first, int count, float* out) {
  for (int i = 0; i < count;) {
    const int block = (first + i) / scales.block_cols;
    const int end = std::min(count, (block + 1) * scales.block_cols - first);
    const float scale = scales.At(stored_row, block);
    Transform(out + i, static_cast<std::size_t>(end - i),
              [scale](auto d, auto x) { return hn::Mul(x, hn::Set(d, scale)); });
    i = end;
  }
}

// fp8 weights are r(fp8 * scale), the product in float, as transformers dequantises them (from version 5
// on; 4.57 cannot). Its products on a GPU, which quantise activations too and take the scales out of the
// sums, are not reproduced.
inline void LoadElements(const WeightView& weight, int row, int first, int count, DType type, float* out) {
  const std::size_t element = static_cast<std::size_t>(BitsOf(weight.dtype)) / 8;
  Widen(weight.dtype, weight.Row(row) + static_cast<std::size_t>(first) * element,
        static_cast<std::size_t>(count), out);
  if (weight.scales.data != nullptr) Dequantise(weight.scales, weight.StoredRow(row), first, count, out);
  if (!IsExactIn(weight.dtype, type)) RoundAll(type, out, static_cast<std::size_t>(count));
}

}  // namespace HWY_NAMESPACE
}  // namespace headspec::kernels
HWY_AFTER_NAMESPACE();

#endif
