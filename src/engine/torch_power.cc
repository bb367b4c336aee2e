// torch takes whole blocks of two vectors to Sleef's powf with an error below one unit in the last place, and
// the rest one by one to the C library's, which is all but correctly rounded. Operation for operation after
// Sleef's logkf and expkf (https://sleef.org, Boost Software License 1.0) with fused multiply-add.
#include "engine/torch_power.h"

#include <bit>
#include <cmath>
#include <cstdint>

namespace headspec::engine {
namespace {

// Two vectors of AVX-512. On AVX2 it is 16, so that with 16 or 48 exponents the last 16 differ there.
constexpr std::size_t kBlock = 32;

// A value as the unevaluated sum of two floats.
struct Pair {
  float high;
  float low;
};

Pair AddLarger(Pair a, Pair b) {  // |a| >= |b|
  const float sum = a.high + b.high;
  return {sum, (((a.high - sum) + b.high) + a.low) + b.low};
}

Pair Add(float a, float b) {
  const float sum = a + b;
  const float part = sum - a;
  return {sum, (a - (sum - part)) + (b - part)};
}

Pair Add(Pair a, float b) {
  const Pair sum = Add(a.high, b);
  return {sum.high, sum.low + a.low};
}

Pair Add(Pair a, Pair b) {
  const Pair sum = Add(a.high, b.high);
  return {sum.high, sum.low + (a.low + b.low)};
}

Pair Normalised(Pair a) {
  const float sum = a.high + a.low;
  return {sum, (a.high - sum) + a.low};
}

Pair Multiply(Pair a, float b) {
  const float product = a.high * b;
  return {product, std::fma(a.low, b, std::fma(a.high, b, -product))};
}

Pair Multiply(Pair a, Pair b) {
  const float product = a.high * b.high;
  return {product, std::fma(a.high, b.low, std::fma(a.low, b.high, std::fma(a.high, b.high, -product)))};
}

Pair Square(Pair a) {
  const float square = a.high * a.high;
  return {square, std::fma(a.high + a.high, a.low, std::fma(a.high, a.high, -square))};
}

Pair Divide(Pair a, Pair b) {
  const float inverse = 1.0f / b.high;
  const float quotient = a.high * inverse;
  const float error = std::fma(inverse, a.high, -quotient);
  const float residual = std::fma(-b.low, inverse, std::fma(-b.high, inverse, 1.0f));
  return {quotient, std::fma(quotient, residual, std::fma(a.low, inverse, error))};
}

// x = 2^exponent * m with m in [0.75, 1.5).
Pair Log(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x * (1.0f / 0.75f));
  const int exponent = static_cast<int>(bits >> 23 & 0xff) - 127;
  const float m = std::ldexp(x, -exponent);
  const Pair ratio = Divide(Add(-1.0f, m), Add(1.0f, m));
  const Pair square = Square(ratio);
  float t = 0.240320354700088500976562f;
  t = std::fma(t, square.high, 0.285112679004669189453125f);
  t = std::fma(t, square.high, 0.400007992982864379882812f);
  constexpr Pair kTwoThirds = {0.66666662693023681640625f, 3.69183861259614332084311e-09f};
  constexpr Pair kLog2 = {0.69314718246459960938f, -1.904654323148236017e-09f};
  const Pair sum =
      AddLarger(Multiply(kLog2, static_cast<float>(exponent)), {ratio.high * 2.0f, ratio.low * 2.0f});
  return AddLarger(sum, Multiply(Multiply(square, ratio), Add(Multiply(square, t), kTwoThirds)));
}

float Exp(Pair x) {
  const float power = std::nearbyint((x.high + x.low) * 1.442695040888963407f);
  Pair s = Add(x, power * -0.693145751953125f);
  s = Normalised(Add(s, power * -1.428606765330187045e-06f));
  float u = 0.00136324646882712841033936f;
  u = std::fma(u, s.high, 0.00836596917361021041870117f);
  u = std::fma(u, s.high, 0.0416710823774337768554688f);
  u = std::fma(u, s.high, 0.166665524244308471679688f);
  u = std::fma(u, s.high, 0.499999850988388061523438f);
  const Pair t = AddLarger({1.0f, 0.0f}, AddLarger(s, Multiply(Square(s), u)));
  return std::ldexp(t.high + t.low, static_cast<int>(power));
}

float VectorPower(float base, float exponent) {
  if (exponent == 0 || base == 1) return 1;
  return Exp(Multiply(Log(base), exponent));
}

float ScalarPower(float base, float exponent) {
  return static_cast<float>(std::pow(static_cast<double>(base), static_cast<double>(exponent)));
}

}  // namespace

std::vector<float> TorchPowers(float base, std::span<const float> exponents) {
  const std::size_t in_blocks = exponents.size() / kBlock * kBlock;
  std::vector<float> powers;
  for (std::size_t i = 0; i < exponents.size(); ++i)
    powers.push_back(i < in_blocks ? VectorPower(base, exponents[i]) : ScalarPower(base, exponents[i]));
  return powers;
}

}  // namespace headspec::engine
