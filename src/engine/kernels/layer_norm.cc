#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/layer_norm.cc"
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

// LayerNorm adds in the order of torch's CPU kernel (2.9: aten/src/ATen/native/cpu/moments_utils.h and
// layer_norm_kernel.cpp, which run in their AVX2 form on AVX-512 too): Welford's update in eight lanes,
// chunks of sixteen vectors merged pairwise, the lanes last. Statistics in any other order, exact ones
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
  return sum + a * b;
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

// (x - mean) * scale * weight + bias with the roundings of torch's build, which fuses what it can: without a
// weight the bias joins the first product in fp32.
template <DType kType, class D, class V>
V NormVector(D d, V x, float mean, float scale, const float* weight, V bias) {
  if constexpr (kType == DType::kF32) {
    const auto centred = hn::Sub(x, hn::Set(d, mean));
    if (weight == nullptr) return hn::MulAdd(centred, hn::Set(d, scale), bias);
    return hn::MulAdd(hn::Mul(centred, hn::Set(d, scale)), hn::LoadU(d, weight), bias);
  }
  const auto normalised = hn::MulAdd(x, hn::Set(d, scale), hn::Set(d, -scale * mean));
  if (weight == nullptr) return hn::Add(normalised, bias);
  return hn::MulAdd(normalised, hn::LoadU(d, weight), bias);
}

void LayerNormRow(const float* x, std::size_t count, const NormWeights& norm, DType type, float* y) {
  const Moments<1> row = RowMoments(x, count, type);
  const float variance = row.squares[0] / static_cast<float>(count);
  const float scale = 1.0f / std::sqrt(variance + static_cast<float>(norm.epsilon));
  WithType(type, [&](auto kind) {
    constexpr DType kType = decltype(kind)::value;
    EachVector(count, [&](auto d, std::size_t i) {
      const float* weight = norm.weight.empty() ? nullptr : norm.weight.data() + i;
      const auto bias = norm.bias.empty() ? hn::Zero(d) : hn::LoadU(d, norm.bias.data() + i);
      const auto result = NormVector<kType>(d, hn::LoadU(d, x + i), row.mean[0], scale, weight, bias);
      hn::StoreU(RoundVector<kType>(d, result), d, y + i);
    });
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace headspec::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace headspec::kernels {

HWY_EXPORT(LayerNormRow);

void LayerNorm(std::span<const float> x, const NormWeights& norm, DType type, std::span<float> y) {
  HEADSPEC_DISPATCH(LayerNormRow)(x.data(), x.size(), norm, type, y.data());
}

}  // namespace headspec::kernels
#endif
