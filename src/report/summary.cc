#include "report/summary.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "report/index_words.h"
#include "report/ladder.h"
#include "report/text.h"

namespace headspec::report {
namespace {

using Sentences = std::vector<std::string>;

// Bytes that are no UTF-8 are replaced as in results.json, so that what was read from there says the same.
std::string Clean(std::string_view text) {
  using Json = nlohmann::json;
  return OneLine(
      Json::parse(Json(text).dump(-1, ' ', false, Json::error_handler_t::replace)).get<std::string>());
}

void Add(std::string_view text, Sentences& sentences) {
  if (text.empty()) return;
  std::string sentence = Clean(text);
  if (sentence.front() >= 'a' && sentence.front() <= 'z') sentence.front() += 'A' - 'a';
  if (sentence.back() != '.') sentence += '.';
  sentences.push_back(std::move(sentence));
}

// "Phi-2 (2.7B): ..."; the name keeps its letters.
void AddOf(std::string_view name, std::string_view text, Sentences& sentences) {
  if (!text.empty()) sentences.push_back(Clean(fmt::format("{}: {}.", name, text)));
}

std::string DecisionWords(const Decision& decision, int min_models, const Plan& plan) {
  const Hypothesis& hypothesis = *plan.hypothesis;
  const std::string target =
      fmt::format("{} +/- {}", PythonFloat(hypothesis.target_si), PythonFloat(hypothesis.tolerance));
  const std::string models = TitlesOf(plan).models;
  if (decision.conclusion == "INCONCLUSIVE")
    return fmt::format("{} {} with an SI are not enough: the rule asks for {}", decision.valid, models,
                       min_models);
  if (decision.supporting == decision.valid)
    return fmt::format("all {} {} have an SI within {}", decision.valid, models, target);
  return fmt::format("{} of {} {} have an SI outside {}", decision.valid - decision.supporting,
                     decision.valid, models, target);
}

void AddVerdict(const RunResult& run, Sentences& sentences) {
  if (!run.verdict || !run.plan.hypothesis) return;
  const Hypothesis& hypothesis = *run.plan.hypothesis;
  const Decision& stored = run.verdict->stored;
  const Decision& printed = run.verdict->printed;
  sentences.push_back(Clean(fmt::format("Verdict: {}. Recommendation for {}: {}.", stored.conclusion,
                                        hypothesis.claim, stored.recommendation)));
  Add(DecisionWords(stored, hypothesis.min_models_stored, run.plan) + ", references included", sentences);
  if (printed.conclusion != stored.conclusion)
    Add(fmt::format("the notebook's other rule, which asks for {} models instead of {}, says {}",
                    hypothesis.min_models_printed, hypothesis.min_models_stored, printed.conclusion),
        sentences);
}

void AddModel(const ModelResult& model, bool has_verdict, Sentences& sentences) {
  const IndexReadings& readings = model.statistics.index.readings;
  if (model.error) {
    AddOf(model.display, "failed: " + *model.error, sentences);
  } else if (has_verdict) {
    AddOf(model.display, readings.point_rule, sentences);
  } else {
    AddOf(model.display, "SI " + IndexSentence(model), sentences);
    AddOf(model.display, readings.null, sentences);
  }
}

std::string Values(double base, double tuned) { return fmt::format("({:.4g} to {:.4g})", base, tuned); }

void AddVerdict(const Comparison& comparison, Sentences& sentences) {
  const PairSide& base = comparison.base;
  const PairSide& tuned = comparison.tuned;
  const PairVerdict& verdict = comparison.verdict;
  sentences.push_back(Clean(fmt::format("Verdict: {}, {} against {}.", verdict.code, tuned.name, base.name)));
  Add(fmt::format("the specialization index {} {}, head correlation {} {}, head variance {} {}",
                  verdict.specialization_decreased ? "decreased" : "did not decrease",
                  Values(base.specialization_index, tuned.specialization_index),
                  verdict.correlation_increased ? "increased" : "did not increase",
                  Values(base.mean_head_correlation, tuned.mean_head_correlation),
                  verdict.variance_decreased ? "decreased" : "did not decrease",
                  Values(base.mean_head_variance, tuned.mean_head_variance)),
      sentences);
  if (const auto& without = comparison.without_padding)
    Add(fmt::format("without padding (it was {} and {}): {}", without->base_side, without->tuned_side,
                    without->code),
        sentences);
}

}  // namespace

Sentences Summary(const RunResult& run) {
  Sentences sentences;
  AddVerdict(run, sentences);
  for (const ModelResult& model : run.models) AddModel(model, run.verdict.has_value(), sentences);
  for (const std::string& reading : run.readings) Add(reading, sentences);
  return sentences;
}

Sentences Summary(const Comparison& comparison) {
  Sentences sentences;
  AddVerdict(comparison, sentences);
  if (!comparison.deltas.empty()) {
    const PairDelta& index =
        comparison.deltas.front();  // the others are its twin, or have a section of their own
    Add(index.bootstrap_reading, sentences);
    Add(index.null_reading, sentences);
  }
  for (const std::string& note : comparison.notes) Add(note, sentences);
  return sentences;
}

}  // namespace headspec::report
