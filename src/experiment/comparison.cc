// The pair protocol from models or stored results. Implements include/headspec/comparison.h.
#include "headspec/comparison.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "core/error.h"
#include "experiment/measurement.h"
#include "experiment/pair_statistics.h"
#include "experiment/progress.h"
#include "experiment/start_result.h"
#include "experiment/stored_models.h"
#include "experiment/uniformity.h"

namespace headspec {
namespace {

namespace fs = std::filesystem;
using experiment::StoredMeasurement;
using experiment::StoredModel;
using experiment::TokenFacts;

// One argument: a file that was read, or a model to measure.
struct Source {
  ModelEntry entry;
  std::optional<StoredMeasurement> stored;
  std::size_t model = 0;  // of `stored`

  const StoredModel& Stored() const { return stored->models[model]; }
};

std::optional<StoredMeasurement> ReadIfFile(const ModelEntry& entry) {
  std::error_code code;
  if (!fs::exists(entry.name, code) || fs::is_directory(entry.name, code)) return std::nullopt;
  return experiment::ReadStoredMeasurement(entry.name);
}

std::vector<std::string> NamesOf(const StoredMeasurement& stored) {
  std::vector<std::string> names;
  for (const StoredModel& model : stored.models) names.push_back(model.name);
  return names;
}

Source SourceOf(const ModelEntry& entry, const std::string& role) {
  Source source{entry, ReadIfFile(entry)};
  if (!source.stored || source.stored->models.size() == 1) return source;
  const auto& models = source.stored->models;
  for (std::size_t i = 0; i < models.size(); ++i) {
    if (models[i].role != role) continue;
    source.model = i;
    return source;
  }
  throw Error(ErrorKind::kInput,
              fmt::format("{}: expected one model or a pair, found {} ({})", entry.name, models.size(),
                          fmt::join(NamesOf(*source.stored), ", ")),
              "measure them apart");
}

// Base and tuned. One file alone holds both.
std::pair<Source, Source> SourcesOf(const Plan& plan) {
  if (plan.ladder.size() != 1)
    return {SourceOf(plan.ladder.at(0), "base"), SourceOf(plan.ladder.at(1), "instruct")};
  const ModelEntry& entry = plan.ladder.front();
  Source base{entry, ReadIfFile(entry)};
  if (!base.stored)
    throw Error(ErrorKind::kInput, fmt::format("{}: a base model without a tuned one", entry.name),
                "name both, or a file that holds the results of both");
  if (base.stored->models.size() != 2)
    throw Error(ErrorKind::kInput,
                fmt::format("{}: expected the results of two models, found {} ({})", entry.name,
                            base.stored->models.size(), fmt::join(NamesOf(*base.stored), ", ")),
                "name the tuned model too");
  Source tuned = base;
  tuned.model = 1;
  return {std::move(base), std::move(tuned)};
}

struct PromptFacts {
  std::string md5;
  std::string where;
};

PromptFacts PromptsOf(const Source& source, const Plan& plan) {
  if (!source.stored) return {plan.protocol.prompts.md5, "--prompts"};
  return {source.stored->prompt_md5, source.entry.name};
}

// Pairs are of the same prompts, or no difference is of the models.
void RequireSamePrompts(const Source& base, const Source& tuned, const Plan& plan) {
  const PromptFacts first = PromptsOf(base, plan), second = PromptsOf(tuned, plan);
  if (first.md5.empty() || second.md5.empty() || first.md5 == second.md5) return;
  throw Error(ErrorKind::kInput,
              fmt::format("base and tuned have different prompts: expected MD5 {} ({}), found {} ({})",
                          first.md5, first.where, second.md5, second.where),
              "measure both with the same --prompts");
}

RunResult MeasureMissing(const Source& base, const Source& tuned, const Plan& plan, const RunOptions& options,
                         Observer& observer) {
  Plan missing = plan;
  missing.ladder.clear();
  for (const Source* source : {&base, &tuned}) {
    if (!source->stored) missing.ladder.push_back(source->entry);
  }
  if (missing.ladder.empty() && plan.protocol.keep_attention)
    throw Error(ErrorKind::kInput, "--keep-attention: both sides are stored results, nothing is measured",
                "leave it out, or name models");
  if (missing.ladder.empty()) return experiment::StartResult(plan, options);
  return Measure(missing, options, observer);
}

bool HasFailed(const RunResult& run) {
  return std::any_of(run.models.begin(), run.models.end(),
                     [](const ModelResult& model) { return model.error.has_value(); });
}

PairSide SideOf(const Source& source, const ModelResult* measured) {
  PairSide side;
  if (measured != nullptr) {
    side.name = measured->model;
    side.source = "measured";
    side.kv_heads = measured->num_kv_heads;
    side.architecture = measured->architecture;
    side.entropies = measured->head_entropies;
    side.prompt_entropies = measured->prompt_entropies;
    side.dtype = measured->numerics.dtype;
  } else {
    const StoredModel& stored = source.Stored();
    side.name = stored.name;
    side.source = fmt::format("{}: {}", source.entry.name, stored.place);
    side.kv_heads = stored.kv_heads;
    side.architecture = stored.architecture;
    side.entropies = stored.entropies;
    side.prompt_entropies = stored.prompt_entropies;
    side.dtype = stored.dtype;
  }
  experiment::SummarizeSide(side);
  return side;
}

std::optional<TokenFacts> FactsOf(const Source& source, const ModelResult* measured) {
  if (measured != nullptr) {
    const Provenance& p = measured->provenance;
    return TokenFacts{measured->display, p.adds_bos, p.has_chat_template, p.chat_template_applied};
  }
  const StoredModel& stored = source.Stored();
  if (!stored.adds_bos || !stored.has_chat_template || !stored.chat_template_applied) return std::nullopt;
  return TokenFacts{stored.name, *stored.adds_bos, *stored.has_chat_template, *stored.chat_template_applied};
}

void WarnOfProtocols(const Source& base, const Source& tuned, const Plan& plan, Comparison& comparison) {
  const auto warn = [&comparison](const char* what, const std::string& first, const std::string& second) {
    if (first.empty() || second.empty() || first == second) return;
    comparison.warnings.push_back(
        fmt::format("base and tuned differ in {} ({}, {}): so does what is compared", what, first, second));
  };
  warn("dtype", comparison.base.dtype, comparison.tuned.dtype);
  const auto padding = [&plan](const Source& source) {
    return source.stored ? source.stored->padding : PaddingName(plan.protocol.padding);
  };
  warn("padding", padding(base), padding(tuned));
  const auto& models = comparison.run.models;
  for (const ModelResult& model : models) {
    if (model.numerics.non_finite.count > 0)
      comparison.warnings.push_back(fmt::format("{}: {}: its numbers are not to be trusted", model.display,
                                                experiment::Describe(model.numerics.non_finite)));
  }
  if (models.size() == 2) warn("padding side", models[0].padding.side, models[1].padding.side);
  const auto length = [&plan](const Source& source) {
    const int most = source.stored ? source.stored->max_length : plan.protocol.max_length;
    return most == 0 ? "" : fmt::format("{}", most);
  };
  warn("max_length", length(base), length(tuned));
}

void DescribePrompts(const Source& base, const Source& tuned, const Plan& plan, Comparison& comparison) {
  if (!base.stored || !tuned.stored) {
    const Protocol& protocol = plan.protocol;
    comparison.prompt_version = protocol.prompts.version;
    comparison.prompt_md5 = protocol.prompts.md5;
    comparison.num_prompts = static_cast<int>(protocol.prompts.prompts.size());
    comparison.max_length = protocol.max_length;
    comparison.padding = PaddingName(protocol.padding);
    comparison.use_chat_template = protocol.variants.front().use_chat_template;
    return;
  }
  const StoredMeasurement& stored = base.stored->prompt_md5.empty() ? *tuned.stored : *base.stored;
  comparison.prompt_version = stored.prompt_version;
  comparison.prompt_md5 = stored.prompt_md5;
  comparison.num_prompts = stored.num_prompts;
  comparison.max_length = stored.max_length;
  comparison.padding = stored.padding;
  comparison.use_chat_template = stored.use_chat_template;
}

// The same pair by the other protocol, which the study mixes with this one.
std::optional<WithoutPadding> MeasureWithoutPadding(const Comparison& comparison, Plan plan,
                                                    const RunOptions& options, Observer& observer) {
  const auto& models = comparison.run.models;
  if (!plan.protocol.padding.to_max_length || models.size() != 2) return std::nullopt;
  plan.protocol.padding = {};
  observer.OnNote("the same pair without padding:");
  experiment::ObserverProgress progress(observer);
  Comparison other;
  const Source base{plan.ladder[0], {}}, tuned{plan.ladder[1], {}};
  const RunResult run = MeasureMissing(base, tuned, plan, options, observer);
  if (HasFailed(run)) return std::nullopt;
  other.base = SideOf(base, &run.models[0]);
  other.tuned = SideOf(tuned, &run.models[1]);
  experiment::ComparePairOf(other.base, other.tuned, other, &progress);
  return WithoutPadding{models[0].padding.side, models[1].padding.side, other.base.specialization_index,
                        other.tuned.specialization_index, other.verdict.code};
}

bool IncludesZero(const PromptBootstrap& bootstrap) {
  const Range range = bootstrap.bca_95.value_or(bootstrap.percentile_95);
  return range.low <= 0 && range.high >= 0;
}

// Of all rows that the metric averages over.
double PaddingShare(const ModelResult& model) {
  double valid = 0;
  for (const int length : model.valid_lengths) valid += length;
  return 1 - valid / (static_cast<double>(model.padding.length) *
                      static_cast<double>(model.valid_lengths.size()));
}

std::vector<std::string> NotesOf(const Comparison& comparison) {
  const PairSide& base = comparison.base;
  const PairSide& tuned = comparison.tuned;
  std::vector<std::string> notes = {
      "two of the three criteria are one fact: SI is 1 - correlation, so a falling index alone gives "
      "A_CONFIRMED"};
  const PairDelta& index = comparison.deltas.front();
  if (!index.bootstrap)
    notes.push_back("the verdict follows signs alone: " + index.bootstrap_reading);
  else if (IncludesZero(*index.bootstrap))
    notes.emplace_back("the verdict follows the sign of an SI difference whose interval includes 0");
  if (!comparison.map_difference)
    notes.push_back(
        fmt::format("no difference of the head maps: base has {} layers x {} heads, tuned has {} x {}",
                    base.layers, base.heads, tuned.layers, tuned.heads));
  if (comparison.prompt_md5.empty())
    notes.emplace_back("the stored results do not say which prompts they are of: taken to be the same");
  for (const ModelResult& model : comparison.run.models) {
    if (!model.padding.side.empty())
      notes.push_back(fmt::format("{}: {:.0f} % of the rows in its metric are padding, on the {}",
                                  model.display, 100 * PaddingShare(model), model.padding.side));
  }
  for (const PairSide* side : {&base, &tuned}) {
    if (!side->constant_heads.empty())
      notes.push_back(fmt::format(
          "{}: {} of {} heads have a constant depth profile and are left out of the mean correlation",
          side->name, side->constant_heads.size(), side->heads));
  }
  return notes;
}

}  // namespace

Comparison Compare(const Plan& plan, const RunOptions& options, Observer& observer) {
  const auto [base, tuned] = SourcesOf(plan);
  RequireSamePrompts(base, tuned, plan);
  Comparison comparison;
  comparison.run = MeasureMissing(base, tuned, plan, options, observer);
  if (HasFailed(comparison.run)) return comparison;
  const auto& models = comparison.run.models;
  const ModelResult* base_model = base.stored ? nullptr : &models.front();
  const ModelResult* tuned_model = tuned.stored ? nullptr : &models.back();
  comparison.base = SideOf(base, base_model);
  comparison.tuned = SideOf(tuned, tuned_model);
  const auto base_facts = FactsOf(base, base_model), tuned_facts = FactsOf(tuned, tuned_model);
  if (base_facts && tuned_facts)
    comparison.warnings = experiment::MixWarnings({*base_facts, *tuned_facts}, "pair");
  if (options.strict && !comparison.warnings.empty())
    throw Error(ErrorKind::kInput, fmt::format("--strict: {}", fmt::join(comparison.warnings, "; ")),
                "compare like with like, or leave out --strict");
  WarnOfProtocols(base, tuned, plan, comparison);
  experiment::ObserverProgress progress(observer);
  DescribePrompts(base, tuned, plan, comparison);
  experiment::ComparePairOf(comparison.base, comparison.tuned, comparison, &progress);
  comparison.map_difference = MapDifference(comparison.base, comparison.tuned);
  comparison.without_padding = MeasureWithoutPadding(comparison, plan, options, observer);
  comparison.notes = NotesOf(comparison);
  return comparison;
}

}  // namespace headspec
