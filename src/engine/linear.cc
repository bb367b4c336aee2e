#include "engine/linear.h"

#include "engine/kernels/kernels.h"

namespace headspec::engine {

void Linear(const MatrixView& x, const WeightView& weight, const WeightView& bias, const MatrixView& y,
            const LinearRounding& rounding, ThreadPool& pool) {
  const bool is_apart = rounding.is_bias_apart && bias.data != nullptr;
  kernels::Linear(x, {weight, is_apart ? WeightView() : bias}, y, rounding.type, pool);
  if (!is_apart) return;
  const auto term = kernels::LoadVector(bias, rounding.type);
  pool.For(y.rows, [&](int row) { kernels::Add(rounding.type, term, RowOf(y, row)); });
}

}  // namespace headspec::engine
