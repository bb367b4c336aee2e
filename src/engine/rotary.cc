#include "engine/rotary.h"

#include <cmath>

#include "engine/kernels/kernels.h"

namespace headspec::engine {

RotaryTable::RotaryTable(const model::Rotary& rotary, int positions, DType type)
    : half_(static_cast<std::size_t>(rotary.dims / 2)) {
  std::vector<float> frequencies;
  for (int i = 0; i < rotary.dims; i += 2) {
    const float exponent = static_cast<float>(i) / static_cast<float>(rotary.dims);
    const float power = static_cast<float>(std::pow(rotary.theta, static_cast<double>(exponent)));
    frequencies.push_back((1.0f / power) / static_cast<float>(rotary.linear_factor));
  }
  for (int position = 0; position < positions; ++position) {
    for (const float frequency : frequencies) {
      const double angle = static_cast<double>(frequency * static_cast<float>(position));
      cos_.push_back(static_cast<float>(std::cos(angle)));
      sin_.push_back(static_cast<float>(std::sin(angle)));
    }
  }
  kernels::Round(type, cos_);
  kernels::Round(type, sin_);
}

}  // namespace headspec::engine
