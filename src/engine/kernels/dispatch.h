// Calls a function of HWY_EXPORT in the instruction set of the calling thread. Internal to the kernels.
#pragma once

#include <hwy/highway.h>

namespace headspec::kernels {

// The unit for bf16 products in use: none unless asked for, because its results differ between machines.
enum class Bf16Unit { kNone, kAvx512, kAmx };

const hwy::ChosenTarget& TargetHere();
Bf16Unit Bf16UnitHere();

}  // namespace headspec::kernels

#if HWY_IDE || ((HWY_TARGETS & (HWY_TARGETS - 1)) == 0)
#define HEADSPEC_DISPATCH(FUNCTION) HWY_STATIC_DISPATCH(FUNCTION)
#else
#define HEADSPEC_DISPATCH(FUNCTION) \
  (*(HWY_DISPATCH_TABLE(FUNCTION)[headspec::kernels::TargetHere().GetIndex()]))
#endif
