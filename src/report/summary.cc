#include "report/summary.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string_view>

#include "report/index_words.h"
#include "report/ladder.h"
#include "report/text.h"

namespace headspec::report {
namespace {

using Sentences = std::vector<std::string>;

// Bytes that are no UTF-8 are replaced as in results.json, so that what was read from there says the same.
Sentences Clean(const Sentences& sentences) {
  using Json = nlohmann::json;
  Sentences clean;
  for (const Json& sentence :
       Json::parse(Json(sentences).dump(-1, ' ', false, Json::error_handler_t::replace)))
    clean.push_back(OneLine(sentence.get<std::string>()));
  return clean;
}

// What a decision rests on.
std::string CountWords(const Decision& decision, int min_models, const Plan& plan) {
  const std::string models = TitlesOf(plan).models;
  if (decision.conclusion == "INCONCLUSIVE")
    return fmt::format("The rule asks for {} {} with an SI, references included, and there are {}.",
                       min_models, models, decision.valid);
  const bool all = decision.supporting == decision.valid;
  const Hypothesis& hypothesis = *plan.hypothesis;
  return fmt::format("{} {}, references included, have an SI {} {} +/- {}.",
                     all ? fmt::format("All {}", decision.valid)
                         : fmt::format("{} of {}", decision.valid - decision.supporting, decision.valid),
                     models, all ? "within" : "outside", PythonFloat(hypothesis.target_si),
                     PythonFloat(hypothesis.tolerance));
}

Sentences VerdictWords(const RunResult& run) {
  const Hypothesis& hypothesis = *run.plan.hypothesis;
  const Decision& stored = run.verdict->stored;
  const Decision& printed = run.verdict->printed;
  const std::string whose = hypothesis.claim.empty() ? "" : " for " + hypothesis.claim;
  Sentences sentences = {
      fmt::format("Verdict: {}. Recommendation{}: {}.", stored.conclusion, whose, stored.recommendation),
      CountWords(stored, hypothesis.min_models_stored, run.plan)};
  if (printed.conclusion != stored.conclusion)
    sentences.push_back(
        fmt::format("The notebook's other rule, which asks for {} models instead of {}, says {}.",
                    hypothesis.min_models_printed, hypothesis.min_models_stored, printed.conclusion));
  return sentences;
}

// "head variance did not decrease (0.01 to 0.02)"
std::string Change(std::string_view what, bool as_expected, std::string_view change, double base,
                   double tuned) {
  return fmt::format("{} {}{}{} ({:.4g} to {:.4g})", what, as_expected ? "" : "did not ", change,
                     as_expected ? "d" : "", base, tuned);
}

}  // namespace

Sentences Summary(const RunResult& run) {
  if (run.verdict && run.plan.hypothesis) return Clean(VerdictWords(run));
  Sentences sentences;
  for (const ModelResult& model : run.models)
    sentences.push_back(model.error ? fmt::format("No SI of {}: it failed.", model.display)
                                    : fmt::format("SI of {}: {}.", model.display, IndexSentence(model)));
  return Clean(sentences);
}

Sentences Summary(const Comparison& comparison) {
  const PairSide& base = comparison.base;
  const PairSide& tuned = comparison.tuned;
  const PairVerdict& verdict = comparison.verdict;
  return Clean({fmt::format("Verdict: {}, {} against {}.", verdict.code, tuned.name, base.name),
                fmt::format("{}, {}, {}.",
                            Change("The specialization index", verdict.specialization_decreased, "decrease",
                                   base.specialization_index, tuned.specialization_index),
                            Change("head correlation", verdict.correlation_increased, "increase",
                                   base.mean_head_correlation, tuned.mean_head_correlation),
                            Change("head variance", verdict.variance_decreased, "decrease",
                                   base.mean_head_variance, tuned.mean_head_variance))});
}

}  // namespace headspec::report
