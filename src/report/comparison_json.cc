#include "report/comparison_json.h"

#include <optional>

#include "report/json_text.h"
#include "report/provenance_json.h"

namespace headspec::report {
namespace {

using Json = nlohmann::ordered_json;

template <typename T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json TextOrNull(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }
Json CountOrNull(int count) { return count == 0 ? Json(nullptr) : Json(count); }
Json RangeJson(const Range& range) { return Json::array({range.low, range.high}); }

Json NullJson(const std::optional<ShuffleNull>& null, const std::string& why) {
  if (!null) return {{"reason", TextOrNull(why)}};
  return {{"what", null->what},
          {"shuffles", null->shuffles},
          {"mean", null->mean},
          {"sd", null->deviation},
          {"z", OrNull(null->z)},
          {"p", null->p},
          {"band_95", RangeJson(null->band_95)}};
}

Json SpecializationJson(const PairSide& side) {
  return {{"specialization_index", side.specialization_index},
          {"mean_head_correlation", side.mean_head_correlation},
          {"mean_head_variance", side.mean_head_variance},
          {"effective_heads", OrNull(side.effective_heads)},
          {"effective_ratio", OrNull(side.effective_ratio)},
          {"layer_variances", side.layer_variances},
          {"early_variance", OrNull(side.early_variance)},
          {"middle_variance", OrNull(side.middle_variance)},
          {"late_variance", OrNull(side.late_variance)},
          {"head_correlation_matrix", side.head_correlation},
          {"num_layers", side.layers},
          {"num_heads", side.heads}};
}

Json GroupsJson(const KeyValueGroups& groups) {
  return {{"within_group_variance", groups.within},
          {"between_group_variance", groups.between},
          {"within_between_ratio", OrNull(groups.ratio)},
          {"group_size", groups.group_size},
          {"num_kv_groups", groups.groups},
          {"per_group_variances", groups.per_group}};
}

Json SideJson(const PairSide& side) {
  Json json = {{"specialization", SpecializationJson(side)}};
  if (side.groups) json["gqa_metrics"] = GroupsJson(*side.groups);
  json["entropies"] = side.entropies;
  if (!side.prompt_entropies.empty()) json["entropies_per_prompt"] = side.prompt_entropies;
  json["source"] = side.source;
  json["num_kv_heads"] = side.kv_heads;
  json["architecture"] = TextOrNull(side.architecture);
  json["dtype"] = TextOrNull(side.dtype);
  json["constant_heads"] = side.constant_heads;
  json["permutation_null"] = NullJson(side.null, "");
  json["reading"] = side.null_reading;
  return json;
}

Json VerdictJson(const Comparison& comparison) {
  const PairVerdict& verdict = comparison.verdict;
  Json json = {{"code", verdict.code},
               {"specialization_decreased", verdict.specialization_decreased},
               {"correlation_increased", verdict.correlation_increased},
               {"variance_decreased", verdict.variance_decreased}};
  for (const PairDelta& delta : comparison.deltas) json["delta_" + delta.name] = delta.value;
  return json;
}

Json BootstrapJson(const PairDelta& delta) {
  if (!delta.bootstrap) return {{"reason", delta.why_no_bootstrap}};
  const PromptBootstrap& bootstrap = *delta.bootstrap;
  return {{"resamples", bootstrap.resamples},
          {"standard_error", bootstrap.standard_error},
          {"percentile_95", RangeJson(bootstrap.percentile_95)},
          {"bca_95", bootstrap.bca_95 ? RangeJson(*bootstrap.bca_95) : Json(nullptr)}};
}

Json StatisticsJson(const Comparison& comparison) {
  Json json = Json::object();
  for (const PairDelta& delta : comparison.deltas) {
    json["delta_" + delta.name] = {{"value", delta.value},
                                   {"bootstrap", BootstrapJson(delta)},
                                   {"bootstrap_reading", delta.bootstrap_reading},
                                   {"permutation_null", NullJson(delta.null, delta.why_no_null)},
                                   {"null_reading", delta.null_reading}};
  }
  return json;
}

Json MethodologyJson(const Comparison& comparison) {
  const PairSide& base = comparison.base;
  return {{"standard", comparison.run.plan.protocol.standard},
          {"max_length", CountOrNull(comparison.max_length)},
          {"dtype", base.dtype == comparison.tuned.dtype ? TextOrNull(base.dtype) : Json(nullptr)},
          {"padding", TextOrNull(comparison.padding)},
          {"prompt_md5", TextOrNull(comparison.prompt_md5)},
          {"num_prompts", CountOrNull(comparison.num_prompts)},
          {"use_chat_template", OrNull(comparison.use_chat_template)}};
}

Json ConfigJson(const Comparison& comparison) {
  return {{"base", comparison.base.name}, {"instruct", comparison.tuned.name}};
}

}  // namespace

Json ComparisonTree(const Comparison& comparison) {
  const RunResult& run = comparison.run;
  Json json = {{"experiment", run.plan.experiment}, {"timestamp", run.timestamp}};
  json["config"] = ConfigJson(comparison);
  json["methodology"] = MethodologyJson(comparison);
  json["prompt_set"] = TextOrNull(comparison.prompt_version);
  json["results"] = {{"base", SideJson(comparison.base)},
                     {"instruct", SideJson(comparison.tuned)},
                     {"verdict", VerdictJson(comparison)}};
  json["statistics"] = StatisticsJson(comparison);
  if (const auto& without = comparison.without_padding) {
    json["without_padding"] = {{"base_padding_side", without->base_side},
                               {"instruct_padding_side", without->tuned_side},
                               {"base_specialization_index", without->base_index},
                               {"instruct_specialization_index", without->tuned_index},
                               {"delta_specialization", without->tuned_index - without->base_index},
                               {"code", without->code}};
  }
  json["notes"] = comparison.notes;
  json["warnings"] = comparison.warnings;
  json["schema_version"] = run.schema_version;
  json["headspec_version"] = run.headspec_version;
  json["environment"] = EnvironmentJson(run.environment);
  return json;
}

std::string ComparisonJson(const Comparison& comparison) { return JsonText(ComparisonTree(comparison)); }

}  // namespace headspec::report
