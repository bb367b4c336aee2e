#include "report/read_results.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "report/baselines_report.h"
#include "report/head_metrics_json.h"
#include "report/json_reader.h"
#include "report/read_sanity.h"
#include "report/read_statistics.h"
#include "report/sensitivity_json.h"

namespace headspec::report {
namespace {

// All that engine/kernels/products.h can state: others would loosen what a verification compares.
constexpr std::string_view kProducts[] = {"float32 fused multiply-add", "float32 multiply and add",
                                          "AMX-BF16", "AVX512-BF16"};

Precision ReadPrecision(const JsonReader& json) {
  const std::string name = json.String();
  for (const Precision precision : {Precision::kBFloat16, Precision::kFloat16, Precision::kFloat32}) {
    if (name == TorchName(precision)) return precision;
  }
  json.Fail("torch.bfloat16, torch.float16 or torch.float32");
}

Profile ReadProfile(const JsonReader& json) {
  const std::string name = json.String();
  for (const Profile profile : {Profile::kHf457, Profile::kHf447, Profile::kExact}) {
    if (name == ProfileName(profile)) return profile;
  }
  json.Fail("hf-4.57, hf-4.47 or exact");
}

Numerics ReadNumerics(const JsonReader& json) {
  Numerics numerics;
  numerics.profile = ProfileName(ReadProfile(json.At("profile")));
  numerics.dtype = TorchName(ReadPrecision(json.At("dtype")));
  numerics.cpu_target = json.At("cpu_target").String();
  const JsonReader products = json.At("products");
  numerics.products = products.String();
  if (std::find(std::begin(kProducts), std::end(kProducts), numerics.products) == std::end(kProducts))
    products.Fail(fmt::format("one of {}", fmt::join(kProducts, ", ")));
  const JsonReader found = json.At("non_finite");
  numerics.non_finite = {.count = found.At("count").Int64(),
                         .operation = found.At("operation").StringOrNull(),
                         .layer = found.At("layer").IndexOrNull(),
                         .prompt = found.At("prompt").IndexOrNull(),
                         .head = found.At("head").IndexOrNull()};
  found.RefuseOtherKeys();
  numerics.largest_finite = json.At("largest_finite").Number();
  numerics.max_abs_score = json.At("max_abs_score").Numbers();
  json.RefuseOtherKeys();
  return numerics;
}

Provenance ReadModelProvenance(const JsonReader& json) {
  Provenance provenance;
  provenance.folder = json.At("folder").String();
  provenance.repository = json.At("repository").StringOrNull();
  provenance.revision = json.At("revision").StringOrNull();
  provenance.model_type = json.At("model_type").String();
  provenance.weights_dtype = json.At("weights_dtype").String();
  provenance.parameters = json.At("parameters").Count();
  for (const JsonReader& file : json.At("files").Items()) {
    provenance.files.push_back({file.At("name").String(), file.At("bytes").Count(),
                                file.At("hash").StringOrNull(), file.At("hash_from_name").Bool()});
    file.RefuseOtherKeys();
  }
  for (const JsonReader& conversion : json.At("conversions").Items()) {
    provenance.conversions.push_back({conversion.At("stored").String(), conversion.At("used").String(),
                                      conversion.At("tensors").Count(), conversion.At("bytes").Count()});
    conversion.RefuseOtherKeys();
  }
  provenance.tokenizer_class = json.At("tokenizer_class").String();
  provenance.adds_bos = json.At("adds_bos").Bool();
  provenance.has_chat_template = json.At("has_chat_template").Bool();
  provenance.chat_template_applied = json.At("chat_template_applied").Bool();
  provenance.chat_template_sha256 = json.At("chat_template_sha256").StringOrNull();
  json.RefuseOtherKeys();
  return provenance;
}

Timing ReadTiming(const JsonReader& json) {
  Timing timing{.load_seconds = json.At("load_seconds").Number(),
                .forward_seconds = json.At("forward_seconds").Number(),
                .weight_bytes = json.At("weight_bytes").Count(),
                .reused_from = json.At("reused_from").StringOrNull()};
  json.RefuseOtherKeys();
  return timing;
}

std::size_t ReadSize(const JsonReader& json) {
  const int size = json.Int();
  if (size < 1) json.Fail("an integer from 1 on");
  return static_cast<std::size_t>(size);
}

void ReadArchitecture(const JsonReader& json, ModelResult& model) {
  model.architecture = json.At("architecture").String();
  model.num_layers = static_cast<int>(ReadSize(json.At("num_layers")));
  model.num_heads = static_cast<int>(ReadSize(json.At("num_heads")));
  model.num_kv_heads = json.At("num_kv_heads").Int();
  model.hidden_size = json.At("hidden_size").Int();
  model.d_head = json.At("d_head").Int();
  model.rho_head = json.At("rho_head").Number();
  model.rho_kv = json.At("rho_kv").Number();
  model.sanity_override = ReadOverride(json.At("sanity_override"));
}

constexpr std::string_view kTokenRoles[] = {"bos", "template", "special", "text"};

// One for each token. Files of before have none.
void ReadTokenRoles(const JsonReader& json, ModelResult& model) {
  if (!json.Has("token_roles")) return;
  const JsonReader list = json.At("token_roles");
  for (const JsonReader& prompt : list.Items()) {
    const std::size_t p = model.token_roles.size();
    if (p == model.tokens.size()) break;
    for (const JsonReader& role : prompt.Items()) {
      if (std::find(std::begin(kTokenRoles), std::end(kTokenRoles), role.String()) == std::end(kTokenRoles))
        role.Fail(fmt::format("one of {}", fmt::join(kTokenRoles, ", ")));
    }
    model.token_roles.push_back(prompt.Strings());
    if (model.token_roles.back().size() != model.tokens[p].size())
      prompt.Fail(fmt::format("a list of {}, one for each token", model.tokens[p].size()));
  }
  if (list.Items().size() != model.tokens.size())
    list.Fail(fmt::format("a list of {}, one for each of tokens", model.tokens.size()));
}

void ReadMeasurement(const JsonReader& json, ModelResult& model) {
  const auto layers = static_cast<std::size_t>(model.num_layers);
  const auto heads = static_cast<std::size_t>(model.num_heads);
  model.si_mean = json.At("si_mean").Number();
  model.si_std = json.At("si_std").Number();
  model.si_values = json.At("si_values").Numbers();
  model.corr_mean = json.At("corr_mean").Number();
  model.head_entropies = json.At("head_entropies").Rows(layers, heads);
  for (const JsonReader& table : json.At("head_entropies_per_prompt").Items())
    model.prompt_entropies.push_back(table.Rows(layers, heads));
  model.valid_lengths = json.At("valid_lengths").Ints();
  if (json.Has("padding")) {
    const JsonReader padding = json.At("padding");
    model.padding = {padding.At("side").String(), padding.At("token").Int(), padding.At("length").Int()};
    padding.RefuseOtherKeys();
  }
  for (const JsonReader& ids : json.At("token_ids").Items()) model.token_ids.push_back(ids.Ints());
  for (const JsonReader& tokens : json.At("tokens").Items()) model.tokens.push_back(tokens.Strings());
  ReadTokenRoles(json, model);
  const JsonReader statistics = json.At("statistics");
  model.statistics.head_correlation = statistics.At("head_correlation").Rows(heads, heads);
  model.statistics.constant_heads = statistics.At("constant_heads").Ints();
  statistics.At("si_std_reason").StringOrNull();
  model.statistics.index = ReadIndexStatistics(statistics);
  statistics.RefuseOtherKeys();
  ReadHeadMetrics(json, model);
  ReadSensitivity(json, model);
  ReadBaselines(json, model);
  model.numerics = ReadNumerics(json.At("numerics"));
  model.provenance = ReadModelProvenance(json.At("provenance"));
  model.timing = ReadTiming(json.At("timing"));
  model.warnings = json.At("warnings").Strings();
}

ModelResult ReadModel(const JsonReader& json) {
  ModelResult model;
  model.model = json.At("model").String();
  model.display = json.At("display").String();
  model.size = json.At("size").String();
  if (json.Has("error")) {
    model.error = json.At("error").String();
    model.error_code = 1;  // which one it was is not stored
  } else {
    ReadArchitecture(json, model);
    ReadMeasurement(json, model);
  }
  json.RefuseOtherKeys();
  return model;
}

// One table for each prompt, or what follows would not fit together.
void CheckPrompts(const JsonReader& results, const RunResult& run) {
  const std::size_t prompts = run.plan.protocol.prompts.prompts.size();
  const std::vector<JsonReader> models = results.Items();
  for (std::size_t i = 0; i < models.size(); ++i) {
    const ModelResult& model = run.models[i];
    if (model.error) continue;
    const std::pair<const char*, std::size_t> lists[] = {
        {"head_entropies_per_prompt", model.prompt_entropies.size()},
        {"valid_lengths", model.valid_lengths.size()},
        {"token_ids", model.token_ids.size()},
        {"tokens", model.tokens.size()}};
    for (const auto& [key, size] : lists) {
      if (size != prompts || size == 0)
        models[i].At(key).Fail(fmt::format("a list of {}, one for each of prompts_text", prompts));
    }
  }
}

// false, or where prompts were padded to max_length.
Padding ReadPadding(const JsonReader& json) {
  if (!json.IsString()) {
    if (json.Bool()) json.Fail("false");
    return {};
  }
  const std::string name = json.String();
  for (const PaddingSide side : {PaddingSide::kTokenizer, PaddingSide::kLeft, PaddingSide::kRight}) {
    if (name == PaddingName({true, side})) return {true, side};
  }
  json.Fail("false, max-length, max-length-left or max-length-right");
}

void ReadMethodology(const JsonReader& json, RunResult& run) {
  Protocol& protocol = run.plan.protocol;
  protocol.standard = json.At("standard").String();
  for (const JsonReader& seed : json.At("seeds").Items()) protocol.seeds.push_back(seed.Int64());
  protocol.prompts.version = json.At("prompts").String();
  protocol.prompts.md5 = json.At("prompt_md5").String();
  protocol.max_length = static_cast<int>(ReadSize(json.At("max_length")));
  protocol.padding = ReadPadding(json.At("padding"));
  if (json.At("use_cache").Bool()) json.At("use_cache").Fail("false");
  run.sanity_override = ReadOverride(json.At("sanity_override"));
  json.At("dtype").StringOrNull();
  json.At("sanity_check").String();
  json.At("chat_template").Bool();
  json.RefuseOtherKeys();
}

// What the protocol must have been: the settings of the checks, else those of the models.
void InferVariants(const JsonReader& results, bool chat_template, RunResult& run) {
  std::vector<SanityVariant>& variants = run.plan.protocol.variants;
  const auto add = [&](const SanityVariant& variant) {
    const bool known = std::any_of(variants.begin(), variants.end(), [&](const SanityVariant& v) {
      return v.precision == variant.precision && v.label == variant.label;
    });
    if (!known) variants.push_back(variant);
  };
  for (const JsonReader& model : results.Items()) {
    if (!model.Has("numerics")) continue;
    const JsonReader numerics = model.At("numerics");
    add({chat_template, ReadPrecision(numerics.At("dtype")),
         model.At("sanity_override").At("label").StringOrNull()});
    run.plan.protocol.profile = ReadProfile(numerics.At("profile"));
    run.plan.protocol.rerun_seeds = model.At("statistics").At("si_std_reason").IsNull();
  }
  if (variants.empty()) variants.push_back({chat_template, Precision::kBFloat16, ""});
}

void ReadHypothesis(const JsonReader& json, RunResult& run) {
  const JsonReader stated = json.At("hypothesis");
  Hypothesis& hypothesis = run.plan.hypothesis.emplace();
  hypothesis.h0 = stated.At("H0").String();
  hypothesis.h1 = stated.At("H1").String();
  hypothesis.target_si = stated.At("target_si").Number();
  hypothesis.tolerance = stated.At("tolerance").Number();
  stated.RefuseOtherKeys();
}

std::vector<bool> ReadFlags(const JsonReader& json, std::size_t count) {
  std::vector<bool> flags;
  for (const JsonReader& item : json.Items()) flags.push_back(item.Bool());
  if (flags.size() != count) json.Fail(fmt::format("a list of {}", count));
  return flags;
}

// A verdict stands beside its hypothesis, never alone.
void ReadVerdict(const JsonReader& json, RunResult& run) {
  ReadHypothesis(json, run);
  const JsonReader stored = json.At("verdict");
  const JsonReader printed = json.At("verdict_printed");
  Verdict& verdict = run.verdict.emplace();
  const auto decision = [](const JsonReader& from, const char* recommendation) {
    return Decision{.supporting = from.At("models_within_target").Int(),
                    .valid = from.At("total_models_with_reference").Int(),
                    .conclusion = from.At("conclusion").String(),
                    .recommendation = from.At(recommendation).String()};
  };
  verdict.stored = decision(stored, "b11_recommendation");
  verdict.printed = decision(printed, "recommendation");
  verdict.models_tested = stored.At("models_tested").Int();
  stored.At("all_within_target").Bool();
  stored.RefuseOtherKeys();
  Hypothesis& hypothesis = *run.plan.hypothesis;
  hypothesis.claim = printed.At("claim").String();
  hypothesis.min_models_printed = printed.At("min_models").Int();
  hypothesis.min_models_stored = printed.At("min_models_stored").Int();
  printed.At("agrees_with_stored").Bool();
  verdict.models_within_target = ReadFlags(printed.At("each_model_within_target"), run.models.size());
  verdict.references_within_target =
      ReadFlags(printed.At("each_reference_within_target"), run.plan.references.size());
  printed.RefuseOtherKeys();
}

void ReadReferences(const JsonReader& json, RunResult& run) {
  for (const auto& [name, reference] : json.Members()) {
    run.plan.references.push_back(
        {name, reference.At("si").Number(), reference.At("size_b").Number(), reference.At("arch").String()});
    reference.RefuseOtherKeys();
  }
}

}  // namespace

Environment ReadEnvironment(const JsonReader& json) {
  Environment environment{.program = json.At("program").String(),
                          .commit = json.At("commit").StringOrNull(),
                          .compiler = json.At("compiler").String(),
                          .build = json.At("build").String(),
                          .system = json.At("system").String(),
                          .cpu = json.At("cpu").StringOrNull(),
                          .logical_cpus = json.At("logical_cpus").Int(),
                          .threads = json.At("threads").Int(),
                          .libraries = {}};
  for (const auto& [name, version] : json.At("libraries").Members())
    environment.libraries.push_back({name, version.String()});
  json.RefuseOtherKeys();
  return environment;
}

RunResult ReadResults(std::string_view text, std::string_view file) {
  return ReadResults(JsonReader::Parse(text, file));
}

RunResult ReadResults(const JsonReader& json) {
  RunResult run;
  json.RequireSchema(run.schema_version);
  run.plan.experiment = json.At("experiment").String();
  run.plan.purpose = json.At("purpose").String();
  run.timestamp = json.At("timestamp").String();
  run.headspec_version = json.At("headspec_version").String();
  const JsonReader methodology = json.At("methodology");
  ReadMethodology(methodology, run);
  run.plan.protocol.prompts.prompts = json.At("prompts_text").Strings();
  const JsonReader results = json.At("results");
  for (const JsonReader& model : results.Items()) run.models.push_back(ReadModel(model));
  CheckPrompts(results, run);
  InferVariants(results, methodology.At("chat_template").Bool(), run);
  for (const ModelResult& model : run.models)
    run.plan.ladder.push_back(
        {.name = model.model, .path = "", .display = model.display, .size = model.size});
  if (json.Has("sanity_attempts")) {
    for (const JsonReader& attempt : json.At("sanity_attempts").Items())
      run.sanity_attempts.push_back(ReadAttempt(attempt));
  }
  if (json.Has("sanity_result")) run.sanity = ReadSanity(json.At("sanity_result"), run.sanity_attempts);
  if (json.Has("hypothesis") && !json.Has("verdict")) ReadHypothesis(json, run);
  if (json.Has("reference_phi3")) ReadReferences(json.At("reference_phi3"), run);
  if (json.Has("verdict")) ReadVerdict(json, run);
  run.trend = ReadTrend(json.At("trend"));
  run.readings = json.At("readings").Strings();
  run.environment = ReadEnvironment(json.At("environment"));
  run.warnings = json.At("warnings").Strings();
  json.RefuseOtherKeys();
  return run;
}

}  // namespace headspec::report
