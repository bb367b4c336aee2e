// Non-owning views that the engine's functions take. Shapes are (rows, cols), row-major.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

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

inline std::span<float> RowOf(const MatrixView& matrix, int row) {
  return {matrix.Row(row), static_cast<std::size_t>(matrix.cols)};
}

// Scales of a weight that was quantised in blocks: one for each `block_rows` by `block_cols` elements.
struct BlockScales {
  DType dtype = DType::kF32;        // kF32 or kBF16
  const std::byte* data = nullptr;  // null: the weight is not quantised. May be unaligned.
  int cols = 0;
  int block_rows = 1;
  int block_cols = 1;
  int first_row = 0;  // of the quantised tensor, where the view begins

  // The scale of a stored row's elements in the given block of columns.
  float At(int stored_row, int block) const {
    const auto row = static_cast<std::size_t>((first_row + stored_row) / block_rows);
    const std::size_t at = row * static_cast<std::size_t>(cols) + static_cast<std::size_t>(block);
    if (dtype == DType::kF32) {
      float scale = 0;
      std::memcpy(&scale, data + at * sizeof scale, sizeof scale);
      return scale;
    }
    std::uint16_t bits = 0;
    std::memcpy(&bits, data + at * sizeof bits, sizeof bits);
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
  }
};

// A stored tensor of one or two dimensions, or a part of a fused one; a vector has cols == 1. The bytes may
// be unaligned.
struct WeightView {
  DType dtype = DType::kF32;
  const std::byte* data = nullptr;  // null: the tensor is absent (an optional bias)
  int rows = 0;
  int cols = 1;
  // Rows of a fused tensor come in groups of `group`, a group `group_distance` stored rows after the one
  // before. 0: all rows follow each other.
  int group = 0;
  int group_distance = 0;
  // Stored as (cols, rows): a row's elements are `term_distance` elements apart. 0: it is stored as it is
  // seen.
  int term_distance = 0;
  BlockScales scales{};  // of fp8; not with transposed views

  bool IsTransposed() const { return term_distance != 0; }
  bool IsContiguous() const { return group == 0 && !IsTransposed(); }
  std::size_t ElementBytes() const {
    if (dtype == DType::kBF16 || dtype == DType::kF16) return 2;  // kernels ask for every row
    return static_cast<std::size_t>(BitsOf(dtype)) / 8;
  }
  // Bytes from one stored row to the next. Not for transposed views, as the two below.
  std::size_t RowBytes() const { return static_cast<std::size_t>(cols) * ElementBytes(); }
  int StoredRow(int row) const { return group == 0 ? row : row / group * group_distance + row % group; }
  const std::byte* Row(int row) const { return data + static_cast<std::size_t>(StoredRow(row)) * RowBytes(); }
  // Of a transposed view: element `term` of rows 0, 1, ..., which follow each other.
  const std::byte* Term(int term) const {
    return data + static_cast<std::size_t>(term) * static_cast<std::size_t>(term_distance) * ElementBytes();
  }
};

}  // namespace headspec
