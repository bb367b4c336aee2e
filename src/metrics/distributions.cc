#include "metrics/distributions.h"

#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

namespace headspec::metrics {
namespace {

// Without promotion to long double, whose width differs by machine.
using Policy = boost::math::policies::policy<boost::math::policies::promote_double<false>>;
using Normal = boost::math::normal_distribution<double, Policy>;
using StudentT = boost::math::students_t_distribution<double, Policy>;

}  // namespace

double NormalCdf(double z) { return boost::math::cdf(Normal(), z); }

double NormalQuantile(double probability) { return boost::math::quantile(Normal(), probability); }

double StudentTQuantile(double probability, double degrees_of_freedom) {
  return boost::math::quantile(StudentT(degrees_of_freedom), probability);
}

double StudentTTwoSided(double t, double degrees_of_freedom) {
  return 2 * boost::math::cdf(boost::math::complement(StudentT(degrees_of_freedom), std::abs(t)));
}

}  // namespace headspec::metrics
