#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/elementwise.cc"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include <hwy/contrib/math/math-inl.h>

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

template <DType kType>
void RotateHalves(const float* cos, const float* sin, std::size_t half, float* head) {
  const hn::CappedTag<float, 1> d;
  const auto round = [&](float x) { return hn::GetLane(RoundVector<kType>(d, hn::Set(d, x))); };
  for (std::size_t i = 0; i < half; ++i) {
    const float low = head[i];
    const float high = head[half + i];
    head[i] = round(round(low * cos[i]) + round(-high * sin[i]));
    head[half + i] = round(round(high * cos[i]) + round(low * sin[i]));
  }
}

void RotateHead(DType type, const float* cos, const float* sin, std::size_t half, float* head) {
  WithType(type, [&](auto kind) { RotateHalves<decltype(kind)::value>(cos, sin, half, head); });
}

template <DType kType, class D, class V>
V GeluNewVector(D d, V x) {
  const auto round = [&](V v) { return RoundVector<kType>(d, v); };
  const auto cube = round(hn::Mul(round(hn::Mul(x, x)), x));
  const auto inner = round(hn::Add(x, round(hn::Mul(hn::Set(d, 0.044715f), cube))));
  const auto scaled = round(hn::Mul(hn::Set(d, 0.7978845608028654f), inner));  // sqrt(2 / pi)
  // Beyond 20 tanh is 1 in float; the clamp keeps the exponential inside it finite.
  const auto bounded = hn::Max(hn::Min(scaled, hn::Set(d, 20.0f)), hn::Set(d, -20.0f));
  const auto tanh = hn::IfThenElse(hn::IsNaN(scaled), scaled, round(hn::Tanh(d, bounded)));
  const auto gate = round(hn::Add(hn::Set(d, 1.0f), tanh));
  return round(hn::Mul(round(hn::Mul(hn::Set(d, 0.5f), x)), gate));
}

void GeluNewValues(DType type, float* values, std::size_t count) {
  WithType(type, [&](auto kind) {
    Transform(values, count, [](auto d, auto x) { return GeluNewVector<decltype(kind)::value>(d, x); });
  });
}

// LayerNorm adds in the order of torch's CPU kernel (2.9: aten/src/ATen/native/cpu/moments_utils.h and
// layer_norm_kernel.cpp, which run in their AVX2 form on AVX-512 too): Welford's update in eight lanes, chunks
// of sixteen vectors merged pairwise, the lanes merged last. Statistics in any other order, exact ones
// included, change one fp16 output in 10^4 by an ulp, and layer 0 is then not the reference's bit for bit.
constexpr std::size_t kNormLanes = 8;
constexpr std::size_t kNormChunk = 16;

template <std::size_t kLanes>
struct Moments {
  float count = 0;
  float mean[kLanes] = {};
  float squares[kLanes] = {};  // sum of squared distances from the mean
};

template <std::size_t kLanes>
void Merge(const Moments<kLanes>& from, Moments<kLanes>& into) {
  const hn::CappedTag<float, kLanes> d;
  const float total = into.count + from.count;
  const auto share = hn::Set(d, total == 0 ? 0.0f : from.count / total);
  for (std::size_t i = 0; i < kLanes; i += hn::Lanes(d)) {
    const auto mean = hn::LoadU(d, into.mean + i);
    const auto delta = hn::Sub(hn::LoadU(d, from.mean + i), mean);
    const auto spread = hn::Mul(hn::Mul(delta, delta), share);
    const auto added = hn::MulAdd(spread, hn::Set(d, into.count), hn::LoadU(d, from.squares + i));
    hn::StoreU(hn::MulAdd(share, delta, mean), d, into.mean + i);
    hn::StoreU(hn::Add(hn::LoadU(d, into.squares + i), added), d, into.squares + i);
  }
  into.count = total;
}

// `stride` floats from one vector of the chunk to the next.
Moments<kNormLanes> ChunkMoments(const float* x, std::size_t vectors, std::size_t stride) {
  const hn::CappedTag<float, kNormLanes> d;
  Moments<kNormLanes> chunk;
  chunk.count = static_cast<float>(vectors);
  for (std::size_t i = 0; i < kNormLanes; i += hn::Lanes(d)) {
    auto mean = hn::Zero(d);
    auto squares = hn::Zero(d);
    for (std::size_t j = 0; j < vectors; ++j) {
      const auto value = hn::LoadU(d, x + j * stride + i);
      const auto delta = hn::Sub(value, mean);
      mean = hn::MulAdd(delta, hn::Set(d, 1.0f / static_cast<float>(j + 1)), mean);
      squares = hn::MulAdd(delta, hn::Sub(value, mean), squares);
    }
    hn::StoreU(mean, d, chunk.mean + i);
    hn::StoreU(squares, d, chunk.squares + i);
  }
  return chunk;
}

// `group` float vectors make one vector of the reference: two for the 16-bit types.
Moments<kNormLanes> LaneMoments(const float* x, std::size_t vectors, std::size_t group) {
  const std::size_t chunks = (vectors + kNormChunk - 1) / kNormChunk;
  std::size_t depth = 1;
  while ((std::size_t{1} << depth) < chunks) ++depth;
  Moments<kNormLanes> levels[32];
  for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
    const float* first = x + chunk * kNormChunk * group * kNormLanes;
    const std::size_t count = std::min(kNormChunk, vectors - chunk * kNormChunk);
    for (std::size_t part = 0; part < group; ++part) {
      Merge(ChunkMoments(first + part * kNormLanes, count, group * kNormLanes), levels[0]);
    }
    for (std::size_t level = 1, done = chunk + 1; level < depth && done % 2 == 0; ++level, done /= 2) {
      Merge(levels[level - 1], levels[level]);
      levels[level - 1] = {};
    }
  }
  for (std::size_t level = 1; level < depth; ++level) Merge(levels[level], levels[0]);
  return levels[0];
}

// sum + a * b for the values after the last whole vector, where torch's build fuses only in fp16.
float TailSquares(DType type, float a, float b, float sum) {
  const hn::CappedTag<float, 1> d;
  if (type == DType::kF16) return hn::GetLane(hn::MulAdd(hn::Set(d, a), hn::Set(d, b), hn::Set(d, sum)));
  const volatile float product = a * b;  // volatile: the compiler would fuse it
  return sum + product;
}

Moments<1> RowMoments(const float* x, std::size_t count, DType type) {
  const std::size_t group = type == DType::kF32 ? 1 : 2;
  const std::size_t vectors = count / (group * kNormLanes);
  Moments<1> row;
  for (std::size_t i = vectors * group * kNormLanes; i < count; ++i) {
    const float delta = x[i] - row.mean[0];
    row.count += 1;
    row.mean[0] += delta / row.count;
    row.squares[0] = TailSquares(type, delta, x[i] - row.mean[0], row.squares[0]);
  }
  const Moments<kNormLanes> lanes = LaneMoments(x, vectors, group);
  for (std::size_t i = 0; i < kNormLanes; ++i) {
    Merge(Moments<1>{lanes.count, {lanes.mean[i]}, {lanes.squares[i]}}, row);
  }
  return row;
}

template <DType kType, class D, class V>
V NormVector(D d, V x, float mean, float scale) {
  if constexpr (kType == DType::kF32) return hn::Mul(hn::Sub(x, hn::Set(d, mean)), hn::Set(d, scale));
  return hn::MulAdd(x, hn::Set(d, scale), hn::Set(d, -scale * mean));
}

void LayerNormRow(const float* x, const NormWeights& norm, DType type, float* y) {
  const std::size_t count = norm.weight.size();
  const Moments<1> row = RowMoments(x, count, type);
  const float variance = row.squares[0] / static_cast<float>(count);
  const float scale = 1.0f / std::sqrt(variance + static_cast<float>(norm.epsilon));
  WithType(type, [&](auto kind) {
    constexpr DType kType = decltype(kind)::value;
    const auto write = [&](auto d, std::size_t i) {
      const auto normalised = NormVector<kType>(d, hn::LoadU(d, x + i), row.mean[0], scale);
      const auto bias = hn::LoadU(d, norm.bias.data() + i);
      const auto affine = hn::MulAdd(normalised, hn::LoadU(d, norm.weight.data() + i), bias);
      hn::StoreU(RoundVector<kType>(d, affine), d, y + i);
    };
    const hn::ScalableTag<float> d;
    std::size_t i = 0;
    for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) write(d, i);
    for (; i < count; ++i) write(hn::CappedTag<float, 1>(), i);
  });
}

void AddValues(DType type, const float* term, float* sum, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) sum[i] += term[i];
  RoundAll(type, sum, count);
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
HWY_EXPORT(RotateHead);
HWY_EXPORT(GeluNewValues);
HWY_EXPORT(AddValues);
HWY_EXPORT(LayerNormRow);

void Round(DType type, std::span<float> values) {
  HWY_DYNAMIC_DISPATCH(RoundValues)(type, values.data(), values.size());
}

void LoadRow(const WeightView& weight, int row, DType type, std::span<float> out) {
  HWY_DYNAMIC_DISPATCH(LoadElementsOf)(weight, row, type, out.data());
}

std::vector<float> LoadVector(const WeightView& weight, DType type) {
  std::vector<float> out(static_cast<std::size_t>(weight.rows) * static_cast<std::size_t>(weight.cols));
  HWY_DYNAMIC_DISPATCH(LoadVectorOf)(weight, type, out.data());
  return out;
}

void LayerNorm(std::span<const float> x, const NormWeights& norm, DType type, std::span<float> y) {
  HWY_DYNAMIC_DISPATCH(LayerNormRow)(x.data(), norm, type, y.data());
}

void Softmax(DType type, std::span<float> row) { HWY_DYNAMIC_DISPATCH(SoftmaxRow)(type, row.data(), row.size()); }

void Scale(DType type, float factor, std::span<float> values) {
  HWY_DYNAMIC_DISPATCH(ScaleValues)(type, factor, values.data(), values.size());
}

void Rotate(DType type, std::span<const float> cos, std::span<const float> sin, std::span<float> head) {
  HWY_DYNAMIC_DISPATCH(RotateHead)(type, cos.data(), sin.data(), cos.size(), head.data());
}

void GeluNew(DType type, std::span<float> values) {
  HWY_DYNAMIC_DISPATCH(GeluNewValues)(type, values.data(), values.size());
}

void Add(DType type, std::span<const float> term, std::span<float> sum) {
  HWY_DYNAMIC_DISPATCH(AddValues)(type, term.data(), sum.data(), sum.size());
}

int CountNonFinite(std::span<const float> values) {
  return static_cast<int>(std::count_if(values.begin(), values.end(), [](float x) { return !std::isfinite(x); }));
}

float MaxAbs(std::span<const float> values) {
  float largest = 0;
  for (const float value : values) largest = std::max(largest, std::abs(value));
  return largest;
}

}  // namespace headspec::kernels
#endif
