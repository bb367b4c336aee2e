#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/products.cc"
#include <hwy/foreach_target.h>  // comes before highway.h

#include <hwy/highway.h>

#include "engine/kernels/arithmetic.h"
#include "engine/kernels/dispatch.h"
#include "engine/kernels/kernels.h"
#include "engine/kernels/products.h"

HWY_BEFORE_NAMESPACE();
namespace headspec::kernels {
namespace HWY_NAMESPACE {

bool FusesOf() { return HWY_NATIVE_FMA != 0; }

}  // namespace HWY_NAMESPACE
}  // namespace headspec::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace headspec::kernels {

HWY_EXPORT(FusesOf);

std::string Products(DType type) {
  const std::string target = CurrentTarget();
  if (type == DType::kBF16 && target.ends_with("-BF16")) return target;
  return HEADSPEC_DISPATCH(FusesOf)() ? "float32 fused multiply-add" : "float32 multiply and add";
}

std::string HighwayVersion() {
  return std::to_string(HWY_MAJOR) + '.' + std::to_string(HWY_MINOR) + '.' + std::to_string(HWY_PATCH);
}

}  // namespace headspec::kernels
#endif
