#include "experiment/run_readings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

namespace headspec::experiment {
namespace {

constexpr double kLevel = 0.05;

using Names = std::vector<std::string>;

std::string Plural(std::size_t count, const char* noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

// Of the models whose null could tell: is the index what shuffled heads give?
std::optional<std::string> ReadNulls(const RunResult& run) {
  std::size_t told = 0;
  Names beyond;
  for (const ModelResult& model : run.models) {
    const auto& null = model.statistics.index.null.value;
    if (model.error || !null || !null->z || null->least_p > kLevel) continue;
    ++told;
    if (null->p <= kLevel) beyond.push_back(model.display);
  }
  if (told == 0) return std::nullopt;
  if (beyond.empty())
    return fmt::format(
        "in {} of {} SI does not stand out from heads shuffled within layers: nothing shows that it sees "
        "which "
        "head does what",
        told, Plural(told, "model"));
  return fmt::format("SI stands out from heads shuffled within layers in {} of {}: {}", beyond.size(),
                     Plural(told, "model"), fmt::join(beyond, ", "));
}

struct Outcomes {
  Names equivalent;
  Names different;
  Names undecided;  // without an interval, too

  std::size_t all() const { return equivalent.size() + different.size() + undecided.size(); }
};

Outcomes OutcomesOf(const RunResult& run) {
  Outcomes outcomes;
  for (const ModelResult& model : run.models) {
    if (model.error) continue;
    const auto& test = model.statistics.index.equivalence.value;
    Names& names = !test                           ? outcomes.undecided
                   : test->outcome == "equivalent" ? outcomes.equivalent
                   : test->outcome == "different"  ? outcomes.different
                                                   : outcomes.undecided;
    names.push_back(model.display);
  }
  return outcomes;
}

// Where the pass went wrong, every number after it did.
std::optional<std::string> ReadNonFinite(const RunResult& run) {
  Names names;
  for (const ModelResult& model : run.models) {
    if (!model.error && model.numerics.non_finite.count > 0) names.push_back(model.display);
  }
  if (names.empty()) return std::nullopt;
  return fmt::format("not to be trusted, as the pass held NaN or infinite values: all that is said of {}",
                     fmt::join(names, ", "));
}

std::string ReadOutcomes(const Outcomes& outcomes, const RunResult& run) {
  const std::size_t references = run.plan.references.size();
  std::string text = fmt::format("against the target, of {}: {} equivalent, {} different, {} undecided",
                                 Plural(outcomes.all(), "measured model"), outcomes.equivalent.size(),
                                 outcomes.different.size(), outcomes.undecided.size());
  if (references > 0) text += fmt::format("; {} without an interval", Plural(references, "reference"));
  return text;
}

// Whether a slope over log size stands out; empty where no interval says.
std::optional<bool> Slopes(const TrendStatistics& trend) {
  const auto& line = trend.on_log_size.value;
  if (!line || !line->slope_95) return std::nullopt;
  return line->slope_95->low > 0 || line->slope_95->high < 0;
}

// The rule asks whether each value lies near the target; its words speak of size.
std::string BesideConfirmed(const Outcomes& outcomes, const std::optional<bool>& slopes) {
  Names open = outcomes.undecided;
  open.insert(open.end(), outcomes.different.begin(), outcomes.different.end());
  if (!open.empty())
    return fmt::format(
        "they part: the verdict counts values within the tolerance, and for {} the interval over prompts "
        "does "
        "not lie within it",
        fmt::join(open, ", "));
  if (slopes.value_or(false))
    return "they part: every value lies near the target as the verdict says, yet the trend over size stands "
           "out; the rule does not look at size";
  return "they agree that every value lies near the target; that size does not matter is more than so few "
         "models can show";
}

std::string BesideConfound(const RunResult& run, const Outcomes& outcomes,
                           const std::optional<bool>& slopes) {
  const std::vector<bool>& references = run.verdict->references_within_target;
  if (outcomes.different.empty() &&
      std::find(references.begin(), references.end(), false) != references.end())
    return "they part: outside the tolerance lie only references, which come without an interval, and "
           "measured "
           "models whose interval reaches into it";
  if (outcomes.different.empty())
    return "they part: no model's interval lies outside the tolerance, so other prompts could turn the "
           "verdict";
  if (slopes.value_or(false))
    return "they agree that values lie outside the tolerance and that SI moves with size along this ladder; "
           "what else its models differ in, the rule cannot tell";
  return "they part: that values lie outside the tolerance is supported, that size is the reason is not; the "
         "rule does not look at size, and no trend over size stands out";
}

std::string ReadBesideVerdict(const RunResult& run, const Outcomes& outcomes) {
  const std::string& conclusion = run.verdict->printed.conclusion;
  const std::string beside = "verdict and statistics: ";
  if (conclusion == "HERITAGE_CONFIRMED") return beside + BesideConfirmed(outcomes, Slopes(run.trend));
  if (conclusion == "SIZE_CONFOUND_DETECTED")
    return beside + BesideConfound(run, outcomes, Slopes(run.trend));
  return beside + "the rule has too few models, and each model's interval stands for itself";
}

}  // namespace

std::vector<std::string> ReadRun(const RunResult& run, const std::string& trend) {
  std::vector<std::string> readings;
  if (auto broken = ReadNonFinite(run)) readings.push_back(*broken);
  if (auto nulls = ReadNulls(run)) readings.push_back(*nulls);
  const Outcomes outcomes = OutcomesOf(run);
  if (run.plan.hypothesis && outcomes.all() > 0) readings.push_back(ReadOutcomes(outcomes, run));
  readings.push_back(trend);
  if (run.verdict && outcomes.all() > 0) readings.push_back(ReadBesideVerdict(run, outcomes));
  return readings;
}

}  // namespace headspec::experiment
