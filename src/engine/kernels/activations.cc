#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/activations.cc"
#include <hwy/foreach_target.h>  // comes before highway.h

#include <hwy/highway.h>

#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include "engine/kernels/dispatch.h"
#include "engine/kernels/functions-inl.h"
#include "engine/kernels/kernels.h"
#include "engine/kernels/round-inl.h"

HWY_BEFORE_NAMESPACE();
namespace headspec::kernels {
namespace HWY_NAMESPACE {

constexpr float kRootOfTwoOverPi = 0.7978845608028654f;
constexpr float kCubeFactor = 0.044715f;

// Float inside and one rounding: the activations that are one kernel in torch.

// 1 + erf in float, as torch has it: the far negative tail shows the spacing of floats below 1. torch's erf
// is oneDNN's, which errs by up to ten ulps beyond 2 and makes infinity NaN. So 375 of the fp16 values in
// (-5.4, -2) differ by at most 3e-5, 152 of the bf16 values in (-5.4, -3.1) by at most 1.6e-5.
template <class D, class V>
V GeluVector(D d, V x) {
  const auto gate = hn::Add(hn::Set(d, 1.0f), ErfVector(d, hn::Mul(x, hn::Set(d, 0.70710678f))));
  const auto result = hn::Mul(hn::Set(d, 0.5f), hn::Mul(x, gate));
  return hn::IfThenElse(hn::IsFinite(x), result, hn::Set(d, std::numeric_limits<float>::quiet_NaN()));
}

// As torch but for 25 fp16 and 4 bf16 values in (-5.2, -5), where tanh is an ulp or so from -1.
template <class D, class V>
V GeluTanhVector(D d, V x) {
  const auto cube = hn::Mul(hn::Mul(x, x), x);
  const auto inner = hn::Mul(hn::Set(d, kRootOfTwoOverPi), hn::MulAdd(hn::Set(d, kCubeFactor), cube, x));
  const auto gate = hn::Add(hn::Set(d, 1.0f), TanhVector(d, inner));
  return hn::Mul(hn::Mul(hn::Set(d, 0.5f), x), gate);
}

template <class D, class V>
V SiluVector(D d, V x) {
  return hn::Div(x, hn::Add(hn::Set(d, 1.0f), ExpVector(d, hn::Neg(x))));
}

template <class D, class V>
V ReluVector(D d, V x) {
  const auto zero = hn::Zero(d);
  return hn::IfThenElse(hn::Lt(x, zero), zero, x);
}

// Rounded after each operation: the activations that transformers writes out in Python.

// torch evaluates the cube as one operation, which for bf16 is two products of bf16 vectors.
template <DType kType, class D, class V>
V Cube(D d, V x) {
  const auto square = hn::Mul(x, x);
  if constexpr (kType != DType::kBF16) return RoundVector<kType>(d, hn::Mul(square, x));
  return RoundVector<kType>(d, hn::Mul(RoundVector<kType>(d, square), x));
}

template <DType kType, class D, class V>
V GeluNewVector(D d, V x) {
  const auto round = [&](V v) { return RoundVector<kType>(d, v); };
  const auto inner = round(hn::Add(x, round(hn::Mul(hn::Set(d, kCubeFactor), Cube<kType>(d, x)))));
  const auto tanh = round(TanhVector(d, round(hn::Mul(hn::Set(d, kRootOfTwoOverPi), inner))));
  const auto gate = round(hn::Add(hn::Set(d, 1.0f), tanh));
  return round(hn::Mul(round(hn::Mul(hn::Set(d, 0.5f), x)), gate));
}

template <DType kType, class D, class V>
V GeluFastVector(D d, V x) {
  const auto round = [&](V v) { return RoundVector<kType>(d, v); };
  const auto one = hn::Set(d, 1.0f);
  const auto scaled = round(hn::Mul(hn::Set(d, kRootOfTwoOverPi), x));
  const auto square = round(hn::Mul(round(hn::Mul(hn::Set(d, kCubeFactor), x)), x));
  const auto tanh = round(TanhVector(d, round(hn::Mul(scaled, round(hn::Add(one, square))))));
  return round(hn::Mul(round(hn::Mul(hn::Set(d, 0.5f), x)), round(hn::Add(one, tanh))));
}

template <DType kType, class D, class V>
V QuickGeluVector(D d, V x) {
  const auto scaled = RoundVector<kType>(d, hn::Mul(hn::Set(d, 1.702f), x));
  return RoundVector<kType>(d, hn::Mul(x, RoundVector<kType>(d, SigmoidVector(d, scaled))));
}

template <DType kType, class D, class V>
V SoftCapVector(D d, V x, float cap) {
  const auto inner = RoundVector<kType>(d, hn::Div(x, hn::Set(d, cap)));
  const auto tanh = RoundVector<kType>(d, TanhVector(d, inner));
  return RoundVector<kType>(d, hn::Mul(tanh, hn::Set(d, cap)));
}

constexpr std::uint32_t kBf16Values = 1u << 16;

// What `function` makes of every bf16 value, by its bits.
template <class F>
std::vector<float> ResultsInBf16(const F& function) {
  std::vector<float> results(kBf16Values);
  for (std::uint32_t bits = 0; bits < kBf16Values; ++bits) results[bits] = std::bit_cast<float>(bits << 16);
  function(results.data(), results.size());
  return results;
}

// Applies `function` to the values, which are of the given type. In bf16 they are so few that it is applied
// to each of them once, and the results are looked up: nearly all are among a few thousand, which stay in the
// first-level cache.
template <class F>
void EachValue(DType type, float* values, std::size_t count, const F& function) {
  if (type != DType::kBF16) return function(values, count);
  static const std::vector<float> results = ResultsInBf16(function);
  for (std::size_t i = 0; i < count; ++i) values[i] = results[std::bit_cast<std::uint32_t>(values[i]) >> 16];
}

void GeluValues(DType type, float* values, std::size_t count) {
  EachValue(type, values, count, [type](float* some, std::size_t size) {
    Transform(some, size, [](auto d, auto x) { return GeluVector(d, x); });
    RoundAll(type, some, size);
  });
}

void GeluTanhValues(DType type, float* values, std::size_t count) {
  EachValue(type, values, count, [type](float* some, std::size_t size) {
    Transform(some, size, [](auto d, auto x) { return GeluTanhVector(d, x); });
    RoundAll(type, some, size);
  });
}

void SiluValues(DType type, float* values, std::size_t count) {
  EachValue(type, values, count, [type](float* some, std::size_t size) {
    Transform(some, size, [](auto d, auto x) { return SiluVector(d, x); });
    RoundAll(type, some, size);
  });
}

void ReluValues(float* values, std::size_t count) {
  Transform(values, count, [](auto d, auto x) { return ReluVector(d, x); });
}

void GeluNewValues(DType type, float* values, std::size_t count) {
  EachValue(type, values, count, [type](float* some, std::size_t size) {
    WithType(type, [&](auto kind) {
      Transform(some, size, [](auto d, auto x) { return GeluNewVector<decltype(kind)::value>(d, x); });
    });
  });
}

void GeluFastValues(DType type, float* values, std::size_t count) {
  EachValue(type, values, count, [type](float* some, std::size_t size) {
    WithType(type, [&](auto kind) {
      Transform(some, size, [](auto d, auto x) { return GeluFastVector<decltype(kind)::value>(d, x); });
    });
  });
}

void QuickGeluValues(DType type, float* values, std::size_t count) {
  EachValue(type, values, count, [type](float* some, std::size_t size) {
    WithType(type, [&](auto kind) {
      Transform(some, size, [](auto d, auto x) { return QuickGeluVector<decltype(kind)::value>(d, x); });
    });
  });
}

void SoftCapValues(DType type, float cap, float* values, std::size_t count) {
  WithType(type, [&](auto kind) {
    Transform(values, count, [&](auto d, auto x) { return SoftCapVector<decltype(kind)::value>(d, x, cap); });
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace headspec::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace headspec::kernels {

HWY_EXPORT(GeluValues);
HWY_EXPORT(GeluTanhValues);
HWY_EXPORT(GeluNewValues);
HWY_EXPORT(GeluFastValues);
HWY_EXPORT(SiluValues);
HWY_EXPORT(ReluValues);
HWY_EXPORT(QuickGeluValues);
HWY_EXPORT(SoftCapValues);

void Gelu(DType type, std::span<float> values) {
  HEADSPEC_DISPATCH(GeluValues)(type, values.data(), values.size());
}

void GeluTanh(DType type, std::span<float> values) {
  HEADSPEC_DISPATCH(GeluTanhValues)(type, values.data(), values.size());
}

void GeluNew(DType type, std::span<float> values) {
  HEADSPEC_DISPATCH(GeluNewValues)(type, values.data(), values.size());
}

void GeluFast(DType type, std::span<float> values) {
  HEADSPEC_DISPATCH(GeluFastValues)(type, values.data(), values.size());
}

void Silu(DType type, std::span<float> values) {
  HEADSPEC_DISPATCH(SiluValues)(type, values.data(), values.size());
}

void Relu(std::span<float> values) { HEADSPEC_DISPATCH(ReluValues)(values.data(), values.size()); }

void QuickGelu(DType type, std::span<float> values) {
  HEADSPEC_DISPATCH(QuickGeluValues)(type, values.data(), values.size());
}

void SoftCap(DType type, float cap, std::span<float> values) {
  HEADSPEC_DISPATCH(SoftCapValues)(type, cap, values.data(), values.size());
}

}  // namespace headspec::kernels
#endif
