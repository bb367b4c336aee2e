// Owner of one activation matrix; functions take its view.
#pragma once

#include <cstddef>
#include <vector>

#include "core/matrix_view.h"

namespace headspec::engine {

class Buffer {
 public:
  Buffer(int rows, int cols)
      : values_(static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols)), rows_(rows), cols_(cols) {}

  MatrixView view() { return {values_.data(), rows_, cols_, static_cast<std::size_t>(cols_)}; }
  std::vector<float>& values() { return values_; }

 private:
  std::vector<float> values_;
  int rows_;
  int cols_;
};

}  // namespace headspec::engine
