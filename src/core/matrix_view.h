// Non-owning views that the engine's functions take. Shapes are (rows, cols), row-major.
#pragma once

#include <cstddef>

#include "core/dtype.h"

namespace headspec {

// Activations: `stride` floats from one row to the next, at least `cols`.
struct MatrixView {
  float* data = nullptr;
  int rows = 0;
  int cols = 0;
  std::size_t stride = 0;

  float* Row(int row) const { return data + static_cast<std::size_t>(row) * stride; }
  MatrixView Rows(int first, int count) const { return {Row(first), count, cols, stride}; }
  MatrixView Columns(int first, int count) const { return {data + first, rows, count, stride}; }
};

// A stored tensor of one or two dimensions; a vector has cols == 1. The bytes may be unaligned.
struct WeightView {
  DType dtype = DType::kF32;
  const std::byte* data = nullptr;  // null: the tensor is absent (an optional bias)
  int rows = 0;
  int cols = 1;

  std::size_t RowBytes() const {
    return static_cast<std::size_t>(cols) * static_cast<std::size_t>(BitsOf(dtype)) / 8;
  }
  const std::byte* Row(int row) const { return data + static_cast<std::size_t>(row) * RowBytes(); }
};

}  // namespace headspec
