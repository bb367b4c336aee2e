// Any of the families' norms over rows, with the weights a model stores.
#pragma once

#include <span>
#include <vector>

#include "core/dtype.h"
#include "core/matrix_view.h"
#include "model/config.h"

namespace headspec::engine {

class RowNorm {
 public:
  // Loads the vectors, rounded to `type`; those without data are left out.
  RowNorm(model::Norm kind, double epsilon, DType type, const WeightView& weight, const WeightView& bias);

  // y = norm(x). `part` selects a piece of weight and bias as long as x, where they hold one for each head.
  void Apply(std::span<const float> x, std::span<float> y, int part = 0) const;

 private:
  model::Norm kind_;
  double epsilon_;
  DType type_;
  std::vector<float> weight_, bias_;
};

}  // namespace headspec::engine
