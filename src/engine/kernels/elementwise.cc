#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/elementwise.cc"
#include <hwy/foreach_target.h>  // comes before highway.h

#include <hwy/highway.h>

#include <hwy/contrib/math/math-inl.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "engine/kernels/dispatch.h"
#include "engine/kernels/kernels.h"
#include "engine/kernels/round-inl.h"

HWY_BEFORE_NAMESPACE();
namespace headspec::kernels {
namespace HWY_NAMESPACE {

void RoundValues(DType type, float* values, std::size_t count) { RoundAll(type, values, count); }

void LoadElementsOf(const WeightView& weight, int row, DType type, float* out) {
  LoadElements(weight, row, 0, weight.cols, type, out);
}

void LoadVectorOf(const WeightView& weight, DType type, float* out) {
  if (!weight.IsContiguous() || weight.scales.data != nullptr) {
    for (int row = 0; row < weight.rows; ++row, out += weight.cols)
      LoadElements(weight, row, 0, weight.cols, type, out);
    return;
  }
  const WeightView as_row{weight.dtype, weight.data, 1, weight.rows * weight.cols};
  LoadElements(as_row, 0, 0, as_row.cols, type, out);
}

// Sixteen partial sums whatever the vector length: the order of additions is the same everywhere.
double SumInFixedOrder(const float* values, std::size_t count) {
  double partial[16] = {};
  std::size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    for (std::size_t lane = 0; lane < 16; ++lane) partial[lane] += static_cast<double>(values[i + lane]);
  }
  for (std::size_t lane = 0; i < count; ++i, ++lane) partial[lane] += static_cast<double>(values[i]);
  double sum = 0;
  for (const double value : partial) sum += value;
  return sum;
}

void SoftmaxRow(DType type, float* row, std::size_t count) {
  float largest = row[0];
  bool poisoned = false;
  for (std::size_t i = 0; i < count; ++i) {
    largest = std::max(largest, row[i]);
    poisoned |= std::isnan(row[i]);
  }
  if (poisoned || std::isinf(largest)) {
    std::fill_n(row, count, std::numeric_limits<float>::quiet_NaN());
    return;
  }
  Transform(row, count, [&](auto d, auto x) {
    // Exp needs a finite argument; e^-200 is 0 in float all the same.
    return hn::Exp(d, hn::Max(hn::Sub(x, hn::Set(d, largest)), hn::Set(d, -200.0f)));
  });
  const float sum = static_cast<float>(SumInFixedOrder(row, count));
  WithType(type, [&](auto kind) {
    Transform(row, count, [&](auto d, auto x) {
      return RoundVector<decltype(kind)::value>(d, hn::Div(x, hn::Set(d, sum)));
    });
  });
}

void ScaleValues(DType type, float factor, float* values, std::size_t count) {
  WithType(type, [&](auto kind) {
    Transform(values, count, [&](auto d, auto x) {
      return RoundVector<decltype(kind)::value>(d, hn::Mul(x, hn::Set(d, factor)));
    });
  });
}

void DivideValues(DType type, float divisor, float* values, std::size_t count) {
  WithType(type, [&](auto kind) {
    Transform(values, count, [&](auto d, auto x) {
      return RoundVector<decltype(kind)::value>(d, hn::Div(x, hn::Set(d, divisor)));
    });
  });
}

// Comparisons, not Min and Max: those may turn a NaN into the limit.
void ClampValues(float limit, float* values, std::size_t count) {
  Transform(values, count, [&](auto d, auto x) {
    const auto bound = hn::Set(d, limit);
    return hn::IfThenElse(hn::Gt(hn::Abs(x), bound), hn::CopySign(bound, x), x);
  });
}

void MultiplyValues(DType type, const float* factor, float* values, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) values[i] *= factor[i];
  RoundAll(type, values, count);
}

void AddValues(DType type, const float* term, float* sum, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) sum[i] += term[i];
  RoundAll(type, sum, count);
}

// Zero times a value, summed up, is NaN if and only if one is NaN or infinite.
bool AreFinite(const float* values, std::size_t count) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto zero = hn::Zero(d);
  auto even = zero, odd = zero;
  std::size_t i = 0;
  for (; i + 2 * lanes <= count; i += 2 * lanes) {
    even = hn::MulAdd(zero, hn::LoadU(d, values + i), even);
    odd = hn::MulAdd(zero, hn::LoadU(d, values + i + lanes), odd);
  }
  return hn::AllFalse(d, hn::IsNaN(hn::Add(even, odd))) &&
         std::all_of(values + i, values + count, [](float value) { return std::isfinite(value); });
}

int CountNonFiniteOf(const float* values, std::size_t count) {
  if (AreFinite(values, count)) return 0;
  return static_cast<int>(
      std::count_if(values, values + count, [](float value) { return !std::isfinite(value); }));
}

float MaxAbsOf(const float* values, std::size_t count) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  auto largest_of_lanes = hn::Zero(d);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto value = hn::LoadU(d, values + i);
    largest_of_lanes = hn::Max(largest_of_lanes, hn::IfThenZeroElse(hn::IsNaN(value), hn::Abs(value)));
  }
  float largest = hn::GetLane(hn::MaxOfLanes(d, largest_of_lanes));
  for (; i < count; ++i) largest = std::max(largest, std::isnan(values[i]) ? 0.0f : std::abs(values[i]));
  return largest;
}

}  // namespace HWY_NAMESPACE
}  // namespace headspec::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace headspec::kernels {

HWY_EXPORT(RoundValues);
HWY_EXPORT(LoadElementsOf);
HWY_EXPORT(LoadVectorOf);
HWY_EXPORT(SoftmaxRow);
HWY_EXPORT(ScaleValues);
HWY_EXPORT(DivideValues);
HWY_EXPORT(ClampValues);
HWY_EXPORT(MultiplyValues);
HWY_EXPORT(AddValues);
HWY_EXPORT(CountNonFiniteOf);
HWY_EXPORT(MaxAbsOf);

void Round(DType type, std::span<float> values) {
  HEADSPEC_DISPATCH(RoundValues)(type, values.data(), values.size());
}

void LoadRow(const WeightView& weight, int row, DType type, std::span<float> out) {
  HEADSPEC_DISPATCH(LoadElementsOf)(weight, row, type, out.data());
}

std::vector<float> LoadVector(const WeightView& weight, DType type) {
  std::vector<float> out(static_cast<std::size_t>(weight.rows) * static_cast<std::size_t>(weight.cols));
  HEADSPEC_DISPATCH(LoadVectorOf)(weight, type, out.data());
  return out;
}

void Softmax(DType type, std::span<float> row) {
  HEADSPEC_DISPATCH(SoftmaxRow)(type, row.data(), row.size());
}

void Scale(DType type, float factor, std::span<float> values) {
  HEADSPEC_DISPATCH(ScaleValues)(type, factor, values.data(), values.size());
}

void Divide(DType type, float divisor, std::span<float> values) {
  HEADSPEC_DISPATCH(DivideValues)(type, divisor, values.data(), values.size());
}

void Clamp(float limit, std::span<float> values) {
  HEADSPEC_DISPATCH(ClampValues)(limit, values.data(), values.size());
}

void MultiplyElements(DType type, std::span<const float> factor, std::span<float> values) {
  HEADSPEC_DISPATCH(MultiplyValues)(type, factor.data(), values.data(), values.size());
}

void Add(DType type, std::span<const float> term, std::span<float> sum) {
  HEADSPEC_DISPATCH(AddValues)(type, term.data(), sum.data(), sum.size());
}

int CountNonFinite(std::span<const float> values) {
  return HEADSPEC_DISPATCH(CountNonFiniteOf)(values.data(), values.size());
}

float MaxAbs(std::span<const float> values) {
  return HEADSPEC_DISPATCH(MaxAbsOf)(values.data(), values.size());
}

}  // namespace headspec::kernels
#endif
