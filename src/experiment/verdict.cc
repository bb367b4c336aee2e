#include "experiment/verdict.h"

#include <cmath>

namespace headspec::experiment {
namespace {

// All inside and enough of them: confirmed. Any outside: size matters. Else too few to say.
Decision DecideWith(int supporting, int valid, int least) {
  if (supporting == valid && valid >= least) return {supporting, valid, "HERITAGE_CONFIRMED", "A-Tier"};
  const char* conclusion = supporting < valid ? "SIZE_CONFOUND_DETECTED" : "INCONCLUSIVE";
  return {supporting, valid, conclusion, "B-Tier (unchanged)"};
}

}  // namespace

bool IsWithinTarget(double si, const Hypothesis& hypothesis) {
  return std::abs(si - hypothesis.target_si) <= hypothesis.tolerance;
}

Verdict Decide(const Hypothesis& hypothesis, const std::vector<ModelResult>& models,
               const std::vector<Reference>& references) {
  Verdict verdict;
  int supporting = 0;
  for (const ModelResult& model : models) {
    const bool within = !model.error && IsWithinTarget(model.si_mean, hypothesis);
    verdict.models_within_target.push_back(within);
    if (!model.error) ++verdict.models_tested;
    if (within) ++supporting;
  }
  for (const Reference& reference : references) {
    const bool within = IsWithinTarget(reference.si, hypothesis);
    verdict.references_within_target.push_back(within);
    if (within) ++supporting;
  }
  const int valid = verdict.models_tested + static_cast<int>(references.size());
  verdict.printed = DecideWith(supporting, valid, hypothesis.min_models_printed);
  verdict.stored = DecideWith(supporting, valid, hypothesis.min_models_stored);
  return verdict;
}

}  // namespace headspec::experiment
