// A loop over spans of one length, shared by the kernel files. Included once per instruction set.
#if defined(HEADSPEC_VECTORS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef HEADSPEC_VECTORS_INL_H
#undef HEADSPEC_VECTORS_INL_H
#else
#define HEADSPEC_VECTORS_INL_H
#endif

#include <hwy/highway.h>

#include <cstddef>

HWY_BEFORE_NAMESPACE();
namespace headspec::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Calls f(d, i) for the elements from i on that one vector of d holds; the tail goes one by one.
template <class F>
void EachVector(std::size_t count, const F& f) {
  const hn::ScalableTag<float> d;
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) f(d, i);
  for (; i < count; ++i) f(hn::CappedTag<float, 1>(), i);
}

}  // namespace HWY_NAMESPACE
}  // namespace headspec::kernels
HWY_AFTER_NAMESPACE();

#endif
