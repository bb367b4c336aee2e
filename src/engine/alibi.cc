#include "engine/alibi.h"

#include <bit>
#include <cmath>

#include "engine/kernels/kernels.h"

namespace headspec::engine {
namespace {

// 2^-8i/P for the largest power of two P within the heads, then every other slope of 2P. The base is rounded
// to float before it is raised to a power, as the reference does (bloom, falcon).
std::vector<float> PowersOfBase(int heads) {
  const auto base_of = [](int power) {
    return static_cast<double>(static_cast<float>(std::exp2(-std::exp2(-(std::log2(power) - 3)))));
  };
  const int power = static_cast<int>(std::bit_floor(static_cast<unsigned>(heads)));
  std::vector<float> slopes;
  for (int i = 1; i <= power; ++i) slopes.push_back(static_cast<float>(std::pow(base_of(power), i)));
  for (int i = 1; static_cast<int>(slopes.size()) < heads; i += 2)
    slopes.push_back(static_cast<float>(std::pow(base_of(2 * power), i)));
  return slopes;
}

// 1 / 2^(8i/P) for the smallest power of two P that holds the heads; of more slopes than heads the even ones
// come first (mpt).
std::vector<float> InversePowers(int heads) {
  const int power = static_cast<int>(std::bit_ceil(static_cast<unsigned>(heads)));
  const float step = 8.0f / static_cast<float>(power);
  std::vector<float> all;
  for (int i = 1; i <= power; ++i)
    all.push_back(1.0f / static_cast<float>(std::exp2(static_cast<double>(static_cast<float>(i) * step))));
  if (power == heads) return all;
  std::vector<float> slopes;
  for (std::size_t first : {std::size_t{1}, std::size_t{0}}) {
    for (std::size_t i = first; i < all.size(); i += 2) slopes.push_back(all[i]);
  }
  slopes.resize(static_cast<std::size_t>(heads));
  return slopes;
}

}  // namespace

std::vector<float> AlibiSlopes(model::Alibi kind, int heads) {
  if (kind == model::Alibi::kNone) return {};
  return kind == model::Alibi::kFloat ? InversePowers(heads) : PowersOfBase(heads);
}

std::vector<float> AlibiOfKeys(model::Alibi kind, float slope, int tokens, DType type) {
  std::vector<float> bias;
  for (int key = 0; key < tokens; ++key) bias.push_back(static_cast<float>(key));
  if (kind == model::Alibi::kFloat) {
    for (float& value : bias) value = slope * (value - static_cast<float>(tokens - 1));
    return bias;
  }
  // Falcon computes its biases in bf16 whatever the model's precision.
  const DType inner = kind == model::Alibi::kTwice ? DType::kBF16 : DType::kF32;
  kernels::Round(inner, {&slope, 1});
  kernels::Round(inner, bias);
  for (float& value : bias) value *= slope;
  kernels::Round(inner, bias);
  kernels::Round(type, bias);
  return bias;
}

}  // namespace headspec::engine
