// Linear layers on processor units that multiply bf16 pairs: the fast way when both the model and the stored
// weights are bf16. Products are exact and sums are float, but in another order than the float kernels', and
// these units take subnormal operands, products and sums as zero. Results do not depend on the number of
// threads. Internal to the kernels; Linear chooses.
#pragma once

#include "core/matrix_view.h"
#include "core/thread_pool.h"
#include "engine/kernels/kernels.h"

namespace headspec::kernels {

// Whether processor and system allow AMX tiles; asks the system's permission for the process once.
bool HasAmxBf16();
bool HasAvx512Bf16();

// As Linear with type kBF16; w.weight must be bf16 and x must hold bf16 values.
void LinearAmxBf16(const MatrixView& x, const LinearWeights& w, const MatrixView& y, ThreadPool& pool);
void LinearAvx512Bf16(const MatrixView& x, const LinearWeights& w, const MatrixView& y, ThreadPool& pool);

}  // namespace headspec::kernels
