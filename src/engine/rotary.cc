// The order of the float operations is that of modeling_rope_utils.py. Two habits of torch shape it: a Python
// number that meets a tensor is rounded to float first, and number / tensor is number * (1 / tensor).
#include "engine/rotary.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <utility>

#include "engine/kernels/kernels.h"
#include "engine/torch_power.h"

namespace headspec::engine {
namespace {

using model::RopeScaling;
using model::Rotary;
using Kind = RopeScaling::Kind;

float Float(double x) { return static_cast<float>(x); }

// theta^(2i / dims), every step rounded to `type`.
std::vector<float> Periods(float theta, int dims, DType type) {
  std::vector<float> exponents;
  for (int i = 0; i < dims; i += 2) exponents.push_back(static_cast<float>(i));
  kernels::Round(type, exponents);
  for (float& exponent : exponents) exponent /= static_cast<float>(dims);
  kernels::Round(type, exponents);
  kernels::Round(type, {&theta, 1});
  std::vector<float> periods = TorchPowers(theta, exponents);
  kernels::Round(type, periods);
  return periods;
}

std::vector<float> Inverses(std::vector<float> values) {
  for (float& value : values) value = 1.0f / value;
  return values;
}

// The theta that stretches the longest period by `factor` when `tokens` are factor times max_length.
float DynamicTheta(const Rotary& rotary, int tokens) {
  const RopeScaling& scaling = rotary.scaling;
  const double exponent = static_cast<double>(rotary.dims) / (rotary.dims - 2);
  const double most = scaling.max_length;
  // Up to max_length the reference computes with Python's numbers when it makes the model; beyond, with a
  // tensor of one float, whose powers are double but for the square.
  if (tokens <= scaling.max_length) {
    const double stretch = scaling.factor * most / most - (scaling.factor - 1);
    return Float(rotary.theta * std::pow(stretch, exponent));
  }
  const float stretch =
      Float(scaling.factor) * static_cast<float>(tokens) / Float(most) - Float(scaling.factor - 1);
  const float power =
      exponent == 2 ? stretch * stretch : Float(std::pow(static_cast<double>(stretch), exponent));
  return Float(rotary.theta) * power;
}

// From the frequencies of the original model in the first dimensions to divided ones in the last.
std::vector<float> YarnFrequencies(const Rotary& rotary, const std::vector<float>& periods) {
  const RopeScaling& scaling = rotary.scaling;
  // The dimension whose wave turns `rotations` times within the original length.
  const auto dimension = [&](double rotations) {
    return rotary.dims * std::log(scaling.original_length / (rotations * 2 * std::numbers::pi)) /
           (2 * std::log(rotary.theta));
  };
  double low = dimension(scaling.beta_fast);
  double high = dimension(scaling.beta_slow);
  if (scaling.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, rotary.dims - 1.0);
  if (low == high) high += 0.001;
  std::vector<float> frequencies;
  for (std::size_t i = 0; i < periods.size(); ++i) {
    const float ramp = std::clamp((static_cast<float>(i) - Float(low)) / Float(high - low), 0.0f, 1.0f);
    const float kept = 1.0f - ramp;
    const float divided = 1.0f / (Float(scaling.factor) * periods[i]);
    frequencies.push_back(divided * (1.0f - kept) + 1.0f / periods[i] * kept);
  }
  return frequencies;
}

// Long waves are divided, short ones kept, those between mixed.
float Llama3Frequency(const RopeScaling& scaling, float frequency) {
  const float factor = Float(scaling.factor);
  const double original = scaling.original_length;
  const float longest = Float(original / scaling.low_freq_factor);
  const float shortest = Float(original / scaling.high_freq_factor);
  const float wave = 1.0f / frequency * Float(2 * std::numbers::pi);
  const float scaled = wave > longest ? frequency / factor : frequency;
  if (wave < shortest || wave > longest) return scaled;
  const float kept = (1.0f / wave * Float(original) - Float(scaling.low_freq_factor)) /
                     Float(scaling.high_freq_factor - scaling.low_freq_factor);
  return (1.0f - kept) * scaled / factor + kept * scaled;
}

}  // namespace

int FrequencyLength(const Rotary& rotary, int tokens) {
  const RopeScaling& scaling = rotary.scaling;
  if (scaling.kind == Kind::kDynamic) return std::max(tokens, scaling.max_length);
  if (scaling.kind == Kind::kLongrope) return scaling.original_length + (tokens > scaling.original_length);
  return 0;
}

std::vector<int> EffectiveLengths(const Rotary& rotary, std::span<const int> prompt_lengths) {
  std::vector<int> lengths;
  int longest = rotary.scaling.max_length;
  for (const int tokens : prompt_lengths) {
    if (rotary.scaling.kind != Kind::kDynamic) {
      lengths.push_back(FrequencyLength(rotary, tokens));
      continue;
    }
    longest = tokens < rotary.scaling.max_length ? rotary.scaling.max_length : std::max(longest, tokens);
    lengths.push_back(longest);
  }
  return lengths;
}

std::vector<float> InverseFrequencies(const Rotary& rotary, int tokens, DType type) {
  const RopeScaling& scaling = rotary.scaling;
  const DType precision = rotary.frequencies_in_type ? type : DType::kF32;
  const float theta = scaling.kind == Kind::kDynamic ? DynamicTheta(rotary, tokens) : Float(rotary.theta);
  std::vector<float> periods = Periods(theta, rotary.dims, precision);
  switch (scaling.kind) {
    case Kind::kYarn:
      return YarnFrequencies(rotary, periods);
    case Kind::kLongrope: {
      const std::vector<double>& factors =
          tokens > scaling.original_length ? scaling.long_factors : scaling.short_factors;
      for (std::size_t i = 0; i < periods.size(); ++i) periods[i] *= Float(factors[i]);
      break;
    }
    case Kind::kNone:
    case Kind::kLinear:
    case Kind::kDynamic:
    case Kind::kLlama3:
      break;
  }
  std::vector<float> frequencies = Inverses(std::move(periods));
  kernels::Round(precision, frequencies);
  for (float& frequency : frequencies) {
    if (scaling.kind == Kind::kLinear) frequency /= Float(scaling.factor);
    if (scaling.kind == Kind::kLlama3) frequency = Llama3Frequency(scaling, frequency);
  }
  return frequencies;
}

RotaryTable::RotaryTable(const Rotary& rotary, int positions, int tokens, DType type)
    : half_(static_cast<std::size_t>(rotary.dims / 2)) {
  const std::vector<float> frequencies = InverseFrequencies(rotary, tokens, type);
  const float factor = Float(rotary.scaling.attention_factor);
  for (int position = 0; position < positions; ++position) {
    for (const float frequency : frequencies) {
      const double angle = static_cast<double>(frequency * static_cast<float>(position));
      cos_.push_back(Float(std::cos(angle)) * factor);
      sin_.push_back(Float(std::sin(angle)) * factor);
    }
  }
  const bool round = rotary.rounding == model::RotaryRounding::kEachOperation ||
                     rotary.rounding == model::RotaryRounding::kOnceTablesRounded;
  if (!round) return;
  kernels::Round(type, cos_);
  kernels::Round(type, sin_);
}

RotaryTables::RotaryTables(std::span<const Rotary> rotaries, std::span<const int> prompt_lengths,
                           DType type) {
  for (const Rotary& rotary : rotaries) {
    const std::vector<int> lengths = EffectiveLengths(rotary, prompt_lengths);
    std::map<int, int> positions;  // by effective length
    for (std::size_t p = 0; p < lengths.size(); ++p)
      positions[lengths[p]] = std::max(positions[lengths[p]], prompt_lengths[p]);
    std::map<int, std::size_t> index;
    for (const auto& [length, longest] : positions) {
      index[length] = tables_.size();
      tables_.emplace_back(rotary, longest, length, type);
    }
    std::vector<std::size_t>& row = table_of_.emplace_back();
    for (const int length : lengths) row.push_back(index[length]);
  }
}

}  // namespace headspec::engine
