// The ladder run: sanity check, every model in turn, verdict. Implements include/headspec/run.h.
#include <fmt/format.h>

#include <exception>
#include <new>
#include <optional>
#include <utility>

#include "core/error.h"
#include "experiment/attention_room.h"
#include "experiment/interruption.h"
#include "experiment/measurement.h"
#include "experiment/pass.h"
#include "experiment/sanity.h"
#include "experiment/start_result.h"
#include "experiment/statistics.h"
#include "experiment/subject.h"
#include "experiment/uniformity.h"
#include "experiment/verdict.h"
#include "headspec/run.h"

namespace headspec {
namespace {

using experiment::MeasurementSettings;
using experiment::Subject;

ModelResult Failed(const ModelEntry& entry, const std::string& error, int code) {
  ModelResult failed;
  failed.model = entry.name;
  failed.display = entry.display;
  failed.size = entry.size;
  failed.error = error;
  failed.error_code = code;
  return failed;
}

// One failing model never loses the others: its error becomes its result. Interruption goes on.
template <typename Work>
ModelResult Capture(const ModelEntry& entry, const Observer& observer, const Work& work) {
  try {
    return work();
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::kInterrupted || observer.Cancelled()) throw;
    return Failed(entry, e.what(), ExitCodeOf(e.kind()));
  } catch (const std::bad_alloc&) {
    return Failed(entry, "out of memory; use fewer or shorter prompts", 3);
  } catch (const std::exception& e) {
    return Failed(entry, e.what(), 1);
  }
}

SanityOverride OverrideOf(const SanityResult& sanity) {
  return {sanity.use_chat_template, sanity.dtype, sanity.label};
}

MeasurementSettings SettingsOf(const SanityVariant& variant, const RunOptions& options) {
  return {variant.precision, variant.use_chat_template, {}, options};
}

Subject Load(const ModelEntry& entry, const RunOptions& options, Observer& observer) {
  Subject subject = experiment::LoadSubject(entry, options.hub, observer);
  experiment::ObserverProgress progress(observer);
  experiment::Identify(subject, options.threads, progress);
  return subject;
}

// The first variant that passes the sanity check of `entry`. Records the attempts; throws when none does.
MeasurementSettings SettleBySanity(const Subject& subject, const ModelEntry& entry, const RunOptions& options,
                                   Observer& observer, RunResult& result) {
  const auto outcome = experiment::CheckSanity(subject, entry, result.plan.protocol, options, observer);
  result.sanity_attempts.insert(result.sanity_attempts.end(), outcome.attempts.begin(),
                                outcome.attempts.end());
  if (!outcome.passed) {
    throw Error(ErrorKind::kRun,
                fmt::format("ABORT: no sanity variant passed for {}; the last one, {}, stopped with {}",
                            entry.display, outcome.attempts.back().label, outcome.attempts.back().reason),
                "mend the model, or change dtypes or sanity_min_si in the manifest");
  }
  const SanityResult& passed = outcome.attempts.back();
  MeasurementSettings settings =
      SettingsOf(result.plan.protocol.variants[outcome.attempts.size() - 1], options);
  settings.override = OverrideOf(passed);
  if (!result.sanity) {
    result.sanity = passed;
    result.sanity_override = settings.override;
  }
  return settings;
}

// Per model: the first variant whose sanity check passes and whose whole measurement stays finite.
ModelResult MeasureWithFallback(const Subject& subject, const ModelEntry& entry, const RunOptions& options,
                                Observer& observer, RunResult& result) {
  ModelResult last;
  for (const SanityVariant& variant : result.plan.protocol.variants) {
    const SanityResult sanity =
        experiment::TrySanity(subject, entry, result.plan.protocol, variant, options, observer);
    result.sanity_attempts.push_back(sanity);
    MeasurementSettings settings = SettingsOf(variant, options);
    settings.override = OverrideOf(sanity);
    if (!sanity.ok) {
      last = Failed(entry,
                    fmt::format("no sanity variant passed, the last one, {}, stopped with {}; name one dtype "
                                "to measure unchecked",
                                sanity.label, sanity.reason),
                    1);
      continue;
    }
    last = experiment::MeasureModel(subject, entry, result.plan.protocol, settings, observer);
    const bool finite = last.numerics.non_finite.count == 0;
    const bool is_last = &variant == &result.plan.protocol.variants.back();
    if (!finite && !is_last) {
      observer.OnFallback(entry, variant.label, experiment::Describe(last.numerics.non_finite));
      continue;
    }
    if (!result.sanity) {
      result.sanity = sanity;
      result.sanity_override = settings.override;
    }
    break;
  }
  return last;
}

// Every model of the plan, with the given settings or, without, each with its own. `first` is the first
// model, where the sanity check has loaded it. Each model is closed before the next one is loaded.
void MeasureLadder(std::optional<Subject> first, const std::optional<MeasurementSettings>& settings,
                   const RunOptions& options, Observer& observer, RunResult& result) {
  for (const ModelEntry& entry : result.plan.ladder) {
    observer.OnModelBegin(entry);
    try {
      result.models.push_back(Capture(entry, observer, [&] {
        const Subject subject = first ? *std::exchange(first, std::nullopt) : Load(entry, options, observer);
        return settings ? experiment::MeasureModel(subject, entry, result.plan.protocol, *settings, observer)
                        : MeasureWithFallback(subject, entry, options, observer, result);
      }));
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::kInterrupted && !result.models.empty())
        throw experiment::Interruption(result.models, result.plan.ladder.size(), options.fresh);
      throw;
    }
    observer.OnModelEnd(result.models.back());
  }
  result.warnings = experiment::MixWarnings(result.models);
}

}  // namespace

RunResult Run(const Plan& plan, const RunOptions& options, Observer& observer) {
  if (options.strict) experiment::RequireUniform(plan, options.hub, observer);
  experiment::StateKeptAttention(plan, options.hub, observer);
  RunResult result = experiment::StartResult(plan, options);
  std::optional<Subject> first;
  std::optional<MeasurementSettings> settings;
  if (plan.protocol.fallback == Fallback::kFirstModel) {
    first = Load(plan.ladder.front(), options, observer);
    settings = SettleBySanity(*first, plan.ladder.front(), options, observer, result);
  }
  MeasureLadder(std::move(first), settings, options, observer, result);
  if (plan.hypothesis) result.verdict = experiment::Decide(*plan.hypothesis, result.models, plan.references);
  experiment::Interpret(result);
  return result;
}

RunResult Measure(const Plan& plan, const RunOptions& options, Observer& observer) {
  if (options.strict) experiment::RequireUniform(plan, options.hub, observer);
  experiment::StateKeptAttention(plan, options.hub, observer);
  RunResult result = experiment::StartResult(plan, options);
  MeasureLadder(std::nullopt,
                plan.protocol.variants.size() == 1
                    ? std::optional(SettingsOf(plan.protocol.variants.front(), options))
                    : std::nullopt,
                options, observer, result);
  experiment::Interpret(result);
  return result;
}

}  // namespace headspec
