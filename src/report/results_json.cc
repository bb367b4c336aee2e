#include "report/results_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "report/baselines_report.h"
#include "report/head_metrics_json.h"
#include "report/json_text.h"
#include "report/provenance_json.h"
#include "report/sensitivity_json.h"
#include "report/statistics_json.h"

namespace headspec::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kLastSanityStep = 8;
constexpr std::string_view kSiStdReason =
    "no randomness in the forward pass: one pass computed, repeated for every seed";

template <typename T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json OverrideJson(const SanityOverride& chosen) {
  return {{"use_chat_template", OrNull(chosen.use_chat_template)},
          {"dtype", OrNull(chosen.dtype)},
          {"label", OrNull(chosen.label)}};
}

std::string ShortDtype(std::string_view torch_name) {
  constexpr std::string_view kPrefix = "torch.";
  if (torch_name.starts_with(kPrefix)) torch_name.remove_prefix(kPrefix.size());
  return std::string(torch_name);
}

bool SanityPassed(const RunResult& run) { return run.sanity && run.sanity->ok; }

bool SanityAsked(const RunResult& run) { return run.sanity || !run.sanity_attempts.empty(); }

// The dtype of the whole run; several, where models fell back, in the order of the ladder.
Json DtypeJson(const RunResult& run) {
  std::vector<std::string> dtypes;
  for (const ModelResult& model : run.models) {
    std::string dtype = ShortDtype(model.numerics.dtype);
    if (dtype.empty() || std::find(dtypes.begin(), dtypes.end(), dtype) != dtypes.end()) continue;
    dtypes.push_back(std::move(dtype));
  }
  if (dtypes.empty() && run.sanity_override.dtype) dtypes.push_back(ShortDtype(*run.sanity_override.dtype));
  if (dtypes.empty()) return nullptr;
  return fmt::format("{}{}", fmt::join(dtypes, ", "), SanityPassed(run) ? " (sanity-validated)" : "");
}

bool ChatTemplate(const RunResult& run) {
  const auto uses = [](const auto& asked) { return asked.use_chat_template; };
  const auto& ladder = run.plan.ladder;
  const auto& variants = run.plan.protocol.variants;
  return run.sanity_override.use_chat_template.value_or(std::any_of(ladder.begin(), ladder.end(), uses) ||
                                                        std::any_of(variants.begin(), variants.end(), uses));
}

Json MethodologyJson(const RunResult& run) {
  const Protocol& protocol = run.plan.protocol;
  return {{"standard", protocol.standard},
          {"seeds", protocol.seeds},
          {"prompts", protocol.prompts.version},
          {"prompt_md5", protocol.prompts.md5},
          {"max_length", protocol.max_length},
          {"padding", protocol.padding.to_max_length ? Json(PaddingName(protocol.padding)) : Json(false)},
          {"use_cache", false},
          {"chat_template", ChatTemplate(run)},
          {"dtype", DtypeJson(run)},
          {"sanity_check", SanityPassed(run)  ? "PASSED"
                           : SanityAsked(run) ? "FAILED"
                                              : "NOT RUN"},
          {"sanity_override", OverrideJson(run.sanity_override)}};
}

Json HypothesisJson(const Hypothesis& hypothesis) {
  return {{"H0", hypothesis.h0},
          {"H1", hypothesis.h1},
          {"target_si", hypothesis.target_si},
          {"tolerance", hypothesis.tolerance}};
}

// The notebook returns early from a failed step, with the few keys it has by then.
Json SanityResultJson(const SanityResult& sanity) {
  if (sanity.reached_step < kLastSanityStep) {
    Json failed = {{"ok", sanity.ok}, {"reason", sanity.reason}};
    if (sanity.reached_step == 3) failed["valid_len"] = sanity.valid_len;
    failed["label"] = sanity.label;
    return failed;
  }
  return {{"ok", sanity.ok},
          {"label", sanity.label},
          {"use_chat_template", sanity.use_chat_template},
          {"dtype", sanity.dtype},
          {"valid_len", sanity.valid_len},
          {"num_layers", sanity.num_layers},
          {"num_heads", sanity.num_heads},
          {"attn_abs_mean", sanity.attn_abs_mean},
          {"attn_std", sanity.attn_std},
          {"entropy_range", sanity.entropy_range},
          {"baseline_si", sanity.baseline_si},
          {"mean_corr", sanity.mean_corr},
          {"heads_identical", sanity.heads_identical}};
}

// Every attempt has every key; what a step would have told is null when that step was not reached.
Json AttemptJson(const SanityResult& sanity) {
  const auto from_step = [&sanity](int step, const auto& value) {
    return sanity.reached_step >= step ? Json(value) : Json(nullptr);
  };
  return {{"ok", sanity.ok},
          {"label", sanity.label},
          {"reason", sanity.ok ? Json(nullptr) : Json(sanity.reason)},
          {"reached_step", sanity.reached_step},
          {"use_chat_template", sanity.use_chat_template},
          {"dtype", sanity.dtype},
          {"prompt", from_step(2, sanity.prompt)},
          {"valid_len", from_step(3, sanity.valid_len)},
          {"num_layers", from_step(5, sanity.num_layers)},
          {"num_heads", from_step(5, sanity.num_heads)},
          {"attn_abs_mean", from_step(5, sanity.attn_abs_mean)},
          {"attn_std", from_step(5, sanity.attn_std)},
          {"heads_identical", from_step(6, sanity.heads_identical)},
          {"entropy_range", from_step(kLastSanityStep, sanity.entropy_range)},
          {"entropy_mean", from_step(kLastSanityStep, sanity.entropy_mean)},
          {"baseline_si", from_step(kLastSanityStep, sanity.baseline_si)},
          {"mean_corr", from_step(kLastSanityStep, sanity.mean_corr)}};
}

Json NumericsJson(const Numerics& numerics) {
  const NonFinite& found = numerics.non_finite;
  const auto index = [](int i) { return i < 0 ? Json(nullptr) : Json(i); };
  return {{"profile", numerics.profile},
          {"dtype", numerics.dtype},
          {"cpu_target", numerics.cpu_target},
          {"products", numerics.products},
          {"non_finite",
           {{"count", found.count},
            {"operation", found.operation.empty() ? Json(nullptr) : Json(found.operation)},
            {"layer", index(found.layer)},
            {"prompt", index(found.prompt)},
            {"head", index(found.head)}}},
          {"largest_finite", numerics.largest_finite},
          {"max_abs_score", numerics.max_abs_score}};
}

void AddNotebookKeys(Json& json, const ModelResult& model) {
  json["architecture"] = model.architecture;
  json["num_layers"] = model.num_layers;
  json["num_heads"] = model.num_heads;
  json["num_kv_heads"] = model.num_kv_heads;
  json["hidden_size"] = model.hidden_size;
  json["d_head"] = model.d_head;
  json["rho_head"] = model.rho_head;
  json["rho_kv"] = model.rho_kv;
  json["sanity_override"] = OverrideJson(model.sanity_override);
  json["si_mean"] = model.si_mean;
  json["si_std"] = model.si_std;
  json["si_values"] = model.si_values;
  json["corr_mean"] = model.corr_mean;
}

void AddDetails(Json& json, const ModelResult& model, bool rerun_seeds) {
  json["head_entropies"] = model.head_entropies;
  json["head_entropies_per_prompt"] = model.prompt_entropies;
  json["valid_lengths"] = model.valid_lengths;
  if (!model.padding.side.empty()) {
    json["padding"] = {
        {"side", model.padding.side}, {"token", model.padding.token}, {"length", model.padding.length}};
  }
  json["token_ids"] = model.token_ids;
  json["tokens"] = model.tokens;
  if (!model.token_roles.empty()) json["token_roles"] = model.token_roles;
  json["statistics"] = {{"head_correlation", model.statistics.head_correlation},
                        {"constant_heads", model.statistics.constant_heads},
                        {"si_std_reason", rerun_seeds ? Json(nullptr) : Json(kSiStdReason)}};
  AddIndexStatistics(model.statistics.index, json["statistics"]);
  AddHeadMetrics(json, model);
  AddSensitivity(json, model);
  AddBaselines(json, model);
  json["numerics"] = NumericsJson(model.numerics);
  json["provenance"] = ModelProvenanceJson(model.provenance);
  json["timing"] = {
      {"load_seconds", model.timing.load_seconds},
      {"forward_seconds", model.timing.forward_seconds},
      {"weight_bytes", model.timing.weight_bytes},
      {"reused_from", model.timing.reused_from.empty() ? Json(nullptr) : Json(model.timing.reused_from)}};
  json["warnings"] = model.warnings;
}

Json ModelJson(const ModelResult& model, bool rerun_seeds) {
  Json json = {{"model", model.model}, {"display", model.display}, {"size", model.size}};
  if (model.error) {
    json["error"] = *model.error;
    return json;
  }
  AddNotebookKeys(json, model);
  AddDetails(json, model, rerun_seeds);
  return json;
}

Json ReferencesJson(const std::vector<Reference>& references) {
  Json json = Json::object();
  for (const Reference& reference : references) {
    json[reference.name] = {{"si", reference.si}, {"size_b", reference.size_b}, {"arch", reference.arch}};
  }
  return json;
}

Json VerdictJson(const Verdict& verdict) {
  const Decision& stored = verdict.stored;
  return {
      {"conclusion", stored.conclusion},           {"b11_recommendation", stored.recommendation},
      {"models_tested", verdict.models_tested},    {"total_models_with_reference", stored.valid},
      {"models_within_target", stored.supporting}, {"all_within_target", stored.supporting == stored.valid}};
}

Json PrintedVerdictJson(const Verdict& verdict, const Hypothesis& hypothesis) {
  const Decision& printed = verdict.printed;
  return {{"claim", hypothesis.claim},
          {"conclusion", printed.conclusion},
          {"recommendation", printed.recommendation},
          {"total_models_with_reference", printed.valid},
          {"models_within_target", printed.supporting},
          {"min_models", hypothesis.min_models_printed},
          {"min_models_stored", hypothesis.min_models_stored},
          {"agrees_with_stored", printed.conclusion == verdict.stored.conclusion},
          {"each_model_within_target", verdict.models_within_target},
          {"each_reference_within_target", verdict.references_within_target}};
}

}  // namespace

Json ResultsTree(const RunResult& run) {
  const Plan& plan = run.plan;
  Json json = {{"experiment", plan.experiment}, {"purpose", plan.purpose}, {"timestamp", run.timestamp}};
  if (plan.hypothesis) json["hypothesis"] = HypothesisJson(*plan.hypothesis);
  json["methodology"] = MethodologyJson(run);
  if (run.sanity) json["sanity_result"] = SanityResultJson(*run.sanity);
  json["results"] = Json::array();
  for (const ModelResult& model : run.models) {
    json["results"].push_back(ModelJson(model, plan.protocol.rerun_seeds));
  }
  if (plan.hypothesis || !plan.references.empty()) json["reference_phi3"] = ReferencesJson(plan.references);
  if (plan.hypothesis && run.verdict) json["verdict"] = VerdictJson(*run.verdict);

  json["schema_version"] = run.schema_version;
  json["headspec_version"] = run.headspec_version;
  if (plan.hypothesis && run.verdict) {
    json["verdict_printed"] = PrintedVerdictJson(*run.verdict, *plan.hypothesis);
  }
  json["trend"] = TrendJson(run.trend);
  json["readings"] = run.readings;
  if (SanityAsked(run)) {
    json["sanity_attempts"] = Json::array();
    for (const SanityResult& attempt : run.sanity_attempts)
      json["sanity_attempts"].push_back(AttemptJson(attempt));
  }
  json["prompts_text"] = plan.protocol.prompts.prompts;
  json["environment"] = EnvironmentJson(run.environment);
  json["warnings"] = run.warnings;
  return json;
}

std::string ResultsJson(const RunResult& run) { return JsonText(ResultsTree(run)); }

}  // namespace headspec::report
