// Quantiles and probabilities of the normal and Student's t distribution: the one door to Boost.Math.
#pragma once

namespace headspec::metrics {

double NormalCdf(double z);
double NormalQuantile(double probability);                               // 0 < probability < 1
double StudentTQuantile(double probability, double degrees_of_freedom);  // 0 < probability < 1, degrees > 0
double StudentTTwoSided(double t, double degrees_of_freedom);            // P(|T| >= |t|), degrees > 0

}  // namespace headspec::metrics
