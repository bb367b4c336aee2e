#include "report/provenance_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/hash.h"
#include "core/json.h"
#include "report/json_reader.h"
#include "report/json_text.h"

namespace headspec::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchemaVersion = 1;

Json OrNull(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json ProtocolJson(const Protocol& protocol) {
  Json variants = Json::array();
  for (const SanityVariant& variant : protocol.variants)
    variants.push_back({{"label", variant.label},
                        {"dtype", TorchName(variant.precision)},
                        {"use_chat_template", variant.use_chat_template}});
  return {{"standard", protocol.standard},
          {"numerics", ProfileName(protocol.profile)},
          {"max_length", protocol.max_length},
          {"seeds", protocol.seeds},
          {"rerun_seeds", protocol.rerun_seeds},
          {"variants", std::move(variants)},
          {"fallback", protocol.fallback == Fallback::kPerModel ? "per-model" : "first-model"},
          {"sanity_min_si", protocol.sanity_min_si}};
}

Json PromptsJson(const PromptSet& prompts) {
  return {{"version", prompts.version},
          {"source", prompts.source},
          {"md5", prompts.md5},
          {"texts", prompts.prompts}};
}

Json ModelJson(const ModelResult& model) {
  Json json = {{"model", model.model}, {"display", model.display}};
  if (model.error) {
    json["error"] = *model.error;
    return json;
  }
  json["dtype"] = model.numerics.dtype;
  json["numerics"] = model.numerics.profile;
  json["cpu_target"] = model.numerics.cpu_target;
  json["products"] = model.numerics.products;
  json.update(ModelProvenanceJson(model.provenance));
  json["token_ids"] = model.token_ids;
  return json;
}

Json OutputJson(const FileRecord& file) {
  return {{"name", file.name}, {"bytes", file.bytes}, {"sha256", file.hash.substr(kSha256Prefix.size())}};
}

ModelResult ReadModel(const JsonReader& json) {
  ModelResult model;
  model.model = json.At("model").String();
  model.display = json.At("display").String();
  if (json.Has("error")) {
    model.error = json.At("error").String();
    return model;
  }
  model.numerics.dtype = json.At("dtype").String();
  model.numerics.profile = json.At("numerics").String();
  model.numerics.cpu_target = json.At("cpu_target").String();
  model.numerics.products = json.At("products").String();
  for (const JsonReader& file : json.At("files").Items()) {
    model.provenance.files.push_back({file.At("name").String(), file.At("bytes").Count(),
                                      file.At("hash").StringOrNull(), file.At("hash_from_name").Bool()});
  }
  for (const JsonReader& ids : json.At("token_ids").Items()) model.token_ids.push_back(ids.Ints());
  return model;
}

bool IsPlain(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string_view::npos;
}

// In the folder itself or in one below it, as figures/ladder.pdf.
bool IsWithin(std::string_view name) {
  const auto slash = name.find('/');
  if (slash == std::string_view::npos) return IsPlain(name);
  return IsPlain(name.substr(0, slash)) && IsPlain(name.substr(slash + 1));
}

FileRecord ReadOutput(const JsonReader& json) {
  const JsonReader name = json.At("name");
  if (!IsWithin(name.String())) name.Fail("a plain file name");
  return {name.String(), json.At("bytes").Count(), std::string(kSha256Prefix) + json.At("sha256").String()};
}

}  // namespace

Json EnvironmentJson(const Environment& environment) {
  Json libraries = Json::object();
  for (const Library& library : environment.libraries) libraries[library.name] = library.version;
  return {{"program", environment.program},
          {"commit", OrNull(environment.commit)},
          {"compiler", environment.compiler},
          {"build", environment.build},
          {"system", environment.system},
          {"cpu", OrNull(environment.cpu)},
          {"logical_cpus", environment.logical_cpus},
          {"threads", environment.threads},
          {"libraries", std::move(libraries)}};
}

Json ModelProvenanceJson(const Provenance& provenance) {
  Json files = Json::array();
  for (const FileRecord& file : provenance.files) {
    files.push_back({{"name", file.name},
                     {"bytes", file.bytes},
                     {"hash", OrNull(file.hash)},
                     {"hash_from_name", file.hash_from_name}});
  }
  Json conversions = Json::array();
  for (const Conversion& conversion : provenance.conversions) {
    conversions.push_back({{"stored", conversion.stored},
                           {"used", conversion.used},
                           {"tensors", conversion.tensors},
                           {"bytes", conversion.bytes}});
  }
  return {{"folder", provenance.folder},
          {"repository", OrNull(provenance.repository)},
          {"revision", OrNull(provenance.revision)},
          {"model_type", provenance.model_type},
          {"weights_dtype", provenance.weights_dtype},
          {"parameters", provenance.parameters},
          {"files", std::move(files)},
          {"conversions", std::move(conversions)},
          {"tokenizer_class", provenance.tokenizer_class},
          {"adds_bos", provenance.adds_bos},
          {"has_chat_template", provenance.has_chat_template},
          {"chat_template_applied", provenance.chat_template_applied},
          {"chat_template_sha256", OrNull(provenance.chat_template_sha256)}};
}

std::string ProvenanceJson(const RunResult& run, const std::vector<FileRecord>& outputs) {
  const Plan& plan = run.plan;
  Json json = {{"schema_version", kSchemaVersion},
               {"experiment", plan.experiment},
               {"slug", plan.slug},
               {"purpose", plan.purpose},
               {"timestamp", run.timestamp},
               {"environment", EnvironmentJson(run.environment)},
               {"protocol", ProtocolJson(plan.protocol)},
               {"prompts", PromptsJson(plan.protocol.prompts)},
               {"manifest", OrNull(plan.manifest_text)},
               {"warnings", run.warnings},
               {"models", Json::array()},
               {"outputs", Json::array()}};
  for (const ModelResult& model : run.models) json["models"].push_back(ModelJson(model));
  for (const FileRecord& file : outputs) json["outputs"].push_back(OutputJson(file));
  return JsonText(json);
}

std::string WithOutputs(std::string_view text, std::string_view file,
                        const std::vector<FileRecord>& written) {
  ReadProvenance(text, file);
  Json json = ParseJson<Json>(text);
  Json& outputs = json["outputs"];
  for (const FileRecord& record : written) {
    const auto old = std::find_if(outputs.begin(), outputs.end(),
                                  [&](const Json& output) { return output["name"] == record.name; });
    if (old == outputs.end())
      outputs.push_back(OutputJson(record));
    else
      *old = OutputJson(record);
  }
  return JsonText(json);
}

RecordedProvenance ReadProvenance(std::string_view text, std::string_view file) {
  const JsonReader json = JsonReader::Parse(text, file);
  json.RequireSchema(kSchemaVersion);
  RecordedProvenance recorded;
  const JsonReader prompts = json.At("prompts");
  recorded.run.plan.protocol.prompts = {prompts.At("version").String(), prompts.At("source").String(),
                                        prompts.At("md5").String(), prompts.At("texts").Strings()};
  recorded.run.plan.manifest_text = json.At("manifest").StringOrNull();
  for (const JsonReader& model : json.At("models").Items()) recorded.run.models.push_back(ReadModel(model));
  for (const JsonReader& output : json.At("outputs").Items()) recorded.outputs.push_back(ReadOutput(output));
  return recorded;
}

}  // namespace headspec::report
