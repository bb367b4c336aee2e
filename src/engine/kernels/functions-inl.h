// tanh, erf, exp and the logistic function on float vectors, each within one ulp or so; no clamp needed and a
// NaN stays a NaN. Included once per instruction set. The coefficients are least-maximum fits of this
// project.
#if defined(HEADSPEC_FUNCTIONS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef HEADSPEC_FUNCTIONS_INL_H
#undef HEADSPEC_FUNCTIONS_INL_H
#else
#define HEADSPEC_FUNCTIONS_INL_H
#endif

#include <hwy/highway.h>

#include <hwy/contrib/math/math-inl.h>

HWY_BEFORE_NAMESPACE();
namespace headspec::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// c[0] + c[1] x + c[2] x^2 + ...
template <class D, class V, std::size_t kCount>
V Polynomial(D d, V x, const float (&c)[kCount]) {
  V sum = hn::Set(d, c[kCount - 1]);
  for (std::size_t i = kCount - 1; i-- > 0;) sum = hn::MulAdd(sum, x, hn::Set(d, c[i]));
  return sum;
}

// Highway's Exp is valid up to 104, where the result is infinite in any case.
template <class D, class V>
V ExpVector(D d, V x) {
  const auto bounded = hn::Max(hn::Min(x, hn::Set(d, 104.0f)), hn::Set(d, -200.0f));
  return hn::IfThenElse(hn::IsNaN(x), x, hn::Exp(d, bounded));
}

template <class D, class V>
V SigmoidVector(D d, V x) {
  const auto one = hn::Set(d, 1.0f);
  return hn::Div(one, hn::Add(one, ExpVector(d, hn::Neg(x))));
}

// Odd polynomial below 1; above, 1 - 2 / (e^2x + 1), where the quotient is small and so is its error.
template <class D, class V>
V TanhVector(D d, V x) {
  static constexpr float kSmall[] = {-0.33333328f,  0.1333321f,    -0.05395393f,   0.021788118f,
                                     -0.008602501f, 0.0030874521f, -0.0008466449f, 0.00012285823f};
  const auto one = hn::Set(d, 1.0f);
  const auto size = hn::Min(hn::Abs(x), hn::Set(d, 20.0f));
  const auto square = hn::Mul(size, size);
  const auto small = hn::MulAdd(hn::Mul(square, Polynomial(d, square, kSmall)), size, size);
  const auto power = hn::Exp(d, hn::Add(size, size));
  const auto large = hn::Sub(one, hn::Div(hn::Set(d, 2.0f), hn::Add(power, one)));
  const auto result = hn::IfThenElse(hn::Lt(size, one), small, large);
  return hn::IfThenElse(hn::IsNaN(x), x, hn::CopySign(result, x));
}

// Odd polynomial below 1; above, 1 - e^p(x), where e^p is small and so is its error; from 4 on it is 1.
template <class D, class V>
V ErfVector(D d, V x) {
  static constexpr float kSmall[] = {0.12837917f,   -0.37612626f,   0.112836f,    -0.026854444f,
                                     0.0051895357f, -0.0008020842f, 7.889123e-05f};
  static constexpr float kLogErfc[] = {0.00018803679f, -1.1295784f,   -0.6332199f,    -0.10841855f,
                                       0.02520824f,    -0.004204556f, 0.00044133523f, -2.1686757e-05f};
  const auto one = hn::Set(d, 1.0f);
  const auto size = hn::Min(hn::Abs(x), hn::Set(d, 4.0f));
  const auto small = hn::MulAdd(Polynomial(d, hn::Mul(size, size), kSmall), size, size);
  const auto large = hn::Sub(one, hn::Exp(d, Polynomial(d, size, kLogErfc)));
  const auto result = hn::IfThenElse(hn::Lt(size, one), small, large);
  return hn::IfThenElse(hn::IsNaN(x), x, hn::CopySign(result, x));
}

}  // namespace HWY_NAMESPACE
}  // namespace headspec::kernels
HWY_AFTER_NAMESPACE();

#endif
