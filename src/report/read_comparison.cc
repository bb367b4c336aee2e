#include "report/read_comparison.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "report/read_results.h"

namespace headspec::report {
namespace {

constexpr std::string_view kDelta = "delta_";

std::optional<double> NumberOrNull(const JsonReader& json) {
  return json.IsNull() ? std::nullopt : std::optional(json.Number());
}

int CountOrNull(const JsonReader& json) { return json.IsNull() ? 0 : json.Int(); }

Range ReadRange(const JsonReader& json) {
  const std::vector<double> ends = json.Numbers();
  if (ends.size() != 2) json.Fail("a list of 2");
  return {ends[0], ends[1]};
}

std::size_t ReadSize(const JsonReader& json) {
  const int size = json.Int();
  if (size < 1) json.Fail("an integer from 1 on");
  return static_cast<std::size_t>(size);
}

// Or why there is none.
std::optional<ShuffleNull> ReadNull(const JsonReader& json, std::string& why) {
  std::optional<ShuffleNull> null;
  if (json.Has("reason")) {
    why = json.At("reason").StringOrNull();
  } else {
    null = ShuffleNull{.what = json.At("what").String(),
                       .shuffles = json.At("shuffles").Int(),
                       .mean = json.At("mean").Number(),
                       .deviation = json.At("sd").Number(),
                       .z = NumberOrNull(json.At("z")),
                       .p = json.At("p").Number(),
                       .band_95 = ReadRange(json.At("band_95"))};
  }
  json.RefuseOtherKeys();
  return null;
}

std::optional<PromptBootstrap> ReadBootstrap(const JsonReader& json, std::string& why) {
  std::optional<PromptBootstrap> bootstrap;
  if (json.Has("reason")) {
    why = json.At("reason").String();
  } else {
    const JsonReader corrected = json.At("bca_95");
    bootstrap = PromptBootstrap{.resamples = json.At("resamples").Int(),
                                .standard_error = json.At("standard_error").Number(),
                                .percentile_95 = ReadRange(json.At("percentile_95"))};
    if (!corrected.IsNull()) bootstrap->bca_95 = ReadRange(corrected);
  }
  json.RefuseOtherKeys();
  return bootstrap;
}

void ReadSpecialization(const JsonReader& json, PairSide& side) {
  const std::size_t layers = ReadSize(json.At("num_layers"));
  const std::size_t heads = ReadSize(json.At("num_heads"));
  side.layers = static_cast<int>(layers);
  side.heads = static_cast<int>(heads);
  side.specialization_index = json.At("specialization_index").Number();
  side.mean_head_correlation = json.At("mean_head_correlation").Number();
  side.mean_head_variance = json.At("mean_head_variance").Number();
  side.effective_heads = NumberOrNull(json.At("effective_heads"));
  side.effective_ratio = NumberOrNull(json.At("effective_ratio"));
  side.layer_variances = json.At("layer_variances").Numbers();
  if (side.layer_variances.size() != layers)
    json.At("layer_variances").Fail(fmt::format("a list of {}", layers));
  side.early_variance = NumberOrNull(json.At("early_variance"));
  side.middle_variance = NumberOrNull(json.At("middle_variance"));
  side.late_variance = NumberOrNull(json.At("late_variance"));
  side.head_correlation = json.At("head_correlation_matrix").Rows(heads, heads);
  json.RefuseOtherKeys();
}

KeyValueGroups ReadGroups(const JsonReader& json) {
  KeyValueGroups groups{.group_size = json.At("group_size").Int(),
                        .groups = json.At("num_kv_groups").Int(),
                        .within = json.At("within_group_variance").Number(),
                        .between = json.At("between_group_variance").Number(),
                        .ratio = NumberOrNull(json.At("within_between_ratio")),
                        .per_group = json.At("per_group_variances").Numbers()};
  json.RefuseOtherKeys();
  return groups;
}

PairSide ReadSide(const JsonReader& json, const JsonReader& name) {
  PairSide side;
  side.name = name.String();
  ReadSpecialization(json.At("specialization"), side);
  const auto layers = static_cast<std::size_t>(side.layers);
  const auto heads = static_cast<std::size_t>(side.heads);
  if (json.Has("gqa_metrics")) side.groups = ReadGroups(json.At("gqa_metrics"));
  side.entropies = json.At("entropies").Rows(layers, heads);
  if (json.Has("entropies_per_prompt")) {
    for (const JsonReader& table : json.At("entropies_per_prompt").Items())
      side.prompt_entropies.push_back(table.Rows(layers, heads));
  }
  side.source = json.At("source").String();
  side.kv_heads = json.At("num_kv_heads").Int();
  side.architecture = json.At("architecture").StringOrNull();
  side.dtype = json.At("dtype").StringOrNull();
  side.constant_heads = json.At("constant_heads").Ints();
  std::string no_reason;
  side.null = ReadNull(json.At("permutation_null"), no_reason);
  side.null_reading = json.At("reading").String();
  json.RefuseOtherKeys();
  return side;
}

// Each difference is in `statistics`; the verdict repeats its value.
void ReadDeltas(const JsonReader& statistics, Comparison& comparison) {
  for (const auto& [key, json] : statistics.Members()) {
    if (!key.starts_with(kDelta)) statistics.Fail("keys that start with \"delta_\"", '"' + key + '"');
    PairDelta delta{.name = key.substr(kDelta.size()), .value = json.At("value").Number()};
    delta.bootstrap = ReadBootstrap(json.At("bootstrap"), delta.why_no_bootstrap);
    delta.bootstrap_reading = json.At("bootstrap_reading").String();
    delta.null = ReadNull(json.At("permutation_null"), delta.why_no_null);
    delta.null_reading = json.At("null_reading").String();
    json.RefuseOtherKeys();
    comparison.deltas.push_back(std::move(delta));
  }
  if (comparison.deltas.empty()) statistics.Fail("one difference or more", "none");
}

void ReadVerdict(const JsonReader& json, Comparison& comparison) {
  comparison.verdict = {.code = json.At("code").String(),
                        .specialization_decreased = json.At("specialization_decreased").Bool(),
                        .correlation_increased = json.At("correlation_increased").Bool(),
                        .variance_decreased = json.At("variance_decreased").Bool()};
  for (const PairDelta& delta : comparison.deltas) json.At(std::string(kDelta) + delta.name).Number();
  json.RefuseOtherKeys();
}

void ReadMethodology(const JsonReader& json, Comparison& comparison) {
  comparison.run.plan.protocol.standard = json.At("standard").String();
  comparison.max_length = CountOrNull(json.At("max_length"));
  json.At("dtype").StringOrNull();
  comparison.padding = json.At("padding").StringOrNull();
  comparison.prompt_md5 = json.At("prompt_md5").StringOrNull();
  comparison.num_prompts = CountOrNull(json.At("num_prompts"));
  const JsonReader uses = json.At("use_chat_template");
  if (!uses.IsNull()) comparison.use_chat_template = uses.Bool();
  json.RefuseOtherKeys();
}

WithoutPadding ReadWithoutPadding(const JsonReader& json) {
  WithoutPadding without{.base_side = json.At("base_padding_side").String(),
                         .tuned_side = json.At("instruct_padding_side").String(),
                         .base_index = json.At("base_specialization_index").Number(),
                         .tuned_index = json.At("instruct_specialization_index").Number(),
                         .code = json.At("code").String()};
  json.At("delta_specialization").Number();
  json.RefuseOtherKeys();
  return without;
}

}  // namespace

Comparison ReadComparison(std::string_view text, std::string_view file) {
  return ReadComparison(JsonReader::Parse(text, file));
}

Comparison ReadComparison(const JsonReader& json) {
  Comparison comparison;
  RunResult& run = comparison.run;
  json.RequireSchema(run.schema_version);
  run.plan.experiment = json.At("experiment").String();
  run.timestamp = json.At("timestamp").String();
  run.headspec_version = json.At("headspec_version").String();
  run.environment = ReadEnvironment(json.At("environment"));
  ReadMethodology(json.At("methodology"), comparison);
  comparison.prompt_version = json.At("prompt_set").StringOrNull();
  const JsonReader names = json.At("config");
  const JsonReader results = json.At("results");
  comparison.base = ReadSide(results.At("base"), names.At("base"));
  comparison.tuned = ReadSide(results.At("instruct"), names.At("instruct"));
  names.RefuseOtherKeys();
  ReadDeltas(json.At("statistics"), comparison);
  ReadVerdict(results.At("verdict"), comparison);
  results.RefuseOtherKeys();
  comparison.map_difference = MapDifference(comparison.base, comparison.tuned);
  if (json.Has("without_padding"))
    comparison.without_padding = ReadWithoutPadding(json.At("without_padding"));
  comparison.notes = json.At("notes").Strings();
  comparison.warnings = json.At("warnings").Strings();
  json.RefuseOtherKeys();
  return comparison;
}

}  // namespace headspec::report
