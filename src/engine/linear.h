// A linear layer with stored weights as the model's precision and family have it.
#pragma once

#include "core/dtype.h"
#include "core/matrix_view.h"
#include "core/thread_pool.h"

namespace headspec::engine {

struct LinearRounding {
  DType type;                  // the model's precision
  bool is_bias_apart = false;  // r(r(x w^T) + b) where the reference does not fuse the bias
};

// y = r(x w^T + b); no bias where its view has no data.
void Linear(const MatrixView& x, const WeightView& weight, const WeightView& bias, const MatrixView& y,
            const LinearRounding& rounding, ThreadPool& pool);

}  // namespace headspec::engine
