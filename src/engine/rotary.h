// Cosines and sines of the rotary position embedding, rounded to the model's precision.
#pragma once

#include <span>
#include <vector>

#include "core/dtype.h"
#include "model/config.h"

namespace headspec::engine {

class RotaryTable {
 public:
  // Frequencies 1 / theta^(2i / dims) in float, angles position * frequency in float, as the reference.
  RotaryTable(const model::Rotary& rotary, int positions, DType type);

  std::span<const float> Cos(int position) const { return Row(cos_, position); }
  std::span<const float> Sin(int position) const { return Row(sin_, position); }

 private:
  std::span<const float> Row(const std::vector<float>& table, int position) const {
    return std::span(table).subspan(static_cast<std::size_t>(position) * half_, half_);
  }

  std::size_t half_;
  std::vector<float> cos_;  // (positions, dims / 2)
  std::vector<float> sin_;
};

}  // namespace headspec::engine
