// What multiplies: for the record that a result keeps of its arithmetic.
#pragma once

#include <string>

#include "core/dtype.h"

namespace headspec::kernels {

// Of weights in the model's precision `type` with the arithmetic of the calling thread: "AMX-BF16" or
// "AVX512-BF16" where that unit is on (those weights that it takes), else "float32 fused multiply-add", or
// "float32 multiply and add" on processors without the fused one, which round twice.
std::string Products(DType type);

std::string HighwayVersion();

}  // namespace headspec::kernels
