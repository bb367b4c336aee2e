#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <sstream>

#include "core/error.h"
#include "experiment/files.h"
#include "experiment/manifest.h"
#include "experiment/precision.h"
#include "experiment/prompts.h"
#include "experiment/toml_reader.h"
#include "headspec/plans.h"

namespace headspec {
namespace fs = std::filesystem;
namespace {

using namespace experiment;  // NOLINT(google-build-using-namespace)

constexpr std::uint64_t kMegabyte = 1'000'000;

// "E08-Phi-Size-Ladder" -> "E08_phi_size_ladder" needs a stated slug; this is the fallback for other names.
std::string SlugOf(const std::string& experiment) {
  std::string slug;
  for (const char c : experiment) slug += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return slug;
}

void CheckSlug(const TomlReader& toml, const std::string& slug) {
  const bool plain = std::all_of(slug.begin(), slug.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.';
  });
  if (!plain || slug.starts_with('.')) {
    toml.Fail("slug", fmt::format("expected letters, digits, '_', '-' and '.', found \"{}\"", slug),
              "it names folders and files");
  }
}

}  // namespace

namespace experiment {

// A file's path is relative to the manifest.
std::string PromptSource(const std::string& name, const fs::path& folder) {
  return IsBuiltInPromptSet(name) ? name : (folder / name).string();
}

Protocol ReadProtocol(const TomlReader& toml, const fs::path& folder) {
  toml.AllowOnly({"standard", "prompts", "prompt_md5", "max_length", "seeds", "rerun_seeds", "dtypes",
                  "chat_template", "sanity_min_si", "fallback", "numerics", "keep_attention",
                  "attention_limit"});
  Protocol protocol = DefaultProtocol();
  protocol.standard = toml.String("standard", "");
  protocol.prompts = LoadPrompts(PromptSource(toml.String("prompts", "standard-10-v3"), folder));
  const std::string md5 = toml.String("prompt_md5", protocol.prompts.md5);
  if (md5 != protocol.prompts.md5) {
    toml.Fail("prompt_md5",
              fmt::format("expected the MD5 of the prompts, {}, found {}", protocol.prompts.md5, md5),
              "the prompt set is not the one this experiment was written for");
  }
  protocol.max_length = static_cast<int>(toml.Int("max_length", protocol.max_length, 1, 1 << 20));
  protocol.seeds = toml.Ints("seeds", protocol.seeds);
  if (protocol.seeds.empty())
    toml.Fail("seeds", "expected at least one, found none", "the notebook's are [42, 123, 456]");
  protocol.rerun_seeds = toml.Bool("rerun_seeds", false);
  protocol.keep_attention = toml.Bool("keep_attention", false);
  const auto limit = static_cast<std::int64_t>(protocol.attention_limit / kMegabyte);
  protocol.attention_limit =
      static_cast<std::uint64_t>(toml.Int("attention_limit", limit, 1, 1 << 20)) * kMegabyte;
  const bool chat_template = toml.Bool("chat_template", false);
  protocol.variants.clear();
  for (const std::string& name : toml.Strings("dtypes", {"bfloat16", "float16", "float32"})) {
    protocol.variants.push_back(MakeVariant(ParsePrecision(name, toml.Place("dtypes")), chat_template));
  }
  if (protocol.variants.empty())
    toml.Fail("dtypes", "expected at least one, found none", "for example [\"bfloat16\"]");
  protocol.sanity_min_si = toml.Number("sanity_min_si", protocol.sanity_min_si);
  const std::string fallback = toml.String("fallback", "first-model");
  if (fallback != "first-model" && fallback != "per-model") {
    toml.Fail("fallback", fmt::format("expected \"first-model\" or \"per-model\", found \"{}\"", fallback),
              "use one of these");
  }
  protocol.fallback = fallback == "per-model" ? Fallback::kPerModel : Fallback::kFirstModel;
  UseProfile(ParseProfile(toml.String("numerics", "hf-4.57"), toml.Place("numerics")), toml.Place("numerics"),
             protocol);
  return protocol;
}

std::string ReadSlug(const TomlReader& toml, const std::string& experiment) {
  const std::string slug = toml.String("slug", SlugOf(experiment));
  CheckSlug(toml, slug);
  return slug;
}

void ParseManifest(const std::string& text, const std::string& file,
                   const std::function<void(const toml::table&)>& read) {
  try {
    read(toml::parse(text, file));
  } catch (const toml::parse_error& e) {
    throw Error(ErrorKind::kInput,
                fmt::format("{}:{}: not TOML: {}", file, e.source().begin.line, e.description()),
                "correct the line");
  }
}

}  // namespace experiment

namespace {

// `chat_template` is the protocol's: it holds for all models, as in the notebook, where the sanity check's
// choice overrides a model's own. A model that states another is refused rather than ignored.
ModelEntry ReadModel(const TomlReader& toml, const fs::path& folder, bool chat_template) {
  toml.AllowOnly({"name", "path", "revision", "display", "size", "use_chat_template"});
  ModelEntry entry;
  entry.name = toml.String("name");
  if (const std::string path = toml.String("path", ""); !path.empty())
    entry.path = (folder / path).lexically_normal().string();
  entry.revision = toml.String("revision", "main");
  entry.display = toml.String("display", entry.name);
  entry.size = toml.String("size", "");
  entry.use_chat_template = toml.Bool("use_chat_template", chat_template);
  if (entry.use_chat_template != chat_template) {
    toml.Fail("use_chat_template",
              fmt::format("expected the protocol's chat_template, {}, found {}", chat_template,
                          entry.use_chat_template),
              "raw and templated prompts are not measured in one ladder: change one of the two");
  }
  return entry;
}

Reference ReadReference(const TomlReader& toml) {
  toml.AllowOnly({"name", "si", "size_b", "arch"});
  return {toml.String("name"), toml.Number("si"), toml.Number("size_b"), toml.String("arch", "")};
}

Hypothesis ReadHypothesis(const TomlReader& toml) {
  toml.AllowOnly({"claim", "H0", "H1", "target_si", "tolerance", "min_models_printed", "min_models_stored"});
  Hypothesis hypothesis;
  hypothesis.claim = toml.String("claim", "");
  hypothesis.h0 = toml.String("H0");
  hypothesis.h1 = toml.String("H1");
  hypothesis.target_si = toml.Number("target_si");
  hypothesis.tolerance = toml.Number("tolerance");
  if (hypothesis.tolerance < 0)
    toml.Fail("tolerance", "expected a number of at least 0", "correct the value");
  hypothesis.min_models_printed = static_cast<int>(toml.Int("min_models_printed", 3, 1, 1 << 20));
  hypothesis.min_models_stored = static_cast<int>(toml.Int("min_models_stored", 4, 1, 1 << 20));
  return hypothesis;
}

Plan ReadPlan(const toml::table& table, const fs::path& file) {
  const TomlReader toml(table, file.string(), "");
  if (table.contains("sweep")) {
    toml.Fail("sweep", "many models, where a ladder of [[model]] was expected",
              "see what it measures with headspec plan");
  }
  toml.AllowOnly({"experiment", "slug", "purpose", "protocol", "model", "reference", "hypothesis"});
  Plan plan;
  plan.experiment = toml.String("experiment");
  plan.slug = ReadSlug(toml, plan.experiment);
  plan.purpose = toml.String("purpose", "");
  const auto protocol = toml.Table("protocol");
  plan.protocol = protocol ? ReadProtocol(*protocol, file.parent_path()) : DefaultProtocol();
  for (const TomlReader& model : toml.Tables("model"))
    plan.ladder.push_back(
        ReadModel(model, file.parent_path(), plan.protocol.variants.front().use_chat_template));
  if (plan.ladder.empty())
    toml.Fail("model", "expected at least one [[model]], found none", "add the models to measure");
  for (const TomlReader& reference : toml.Tables("reference"))
    plan.references.push_back(ReadReference(reference));
  if (const auto hypothesis = toml.Table("hypothesis")) plan.hypothesis = ReadHypothesis(*hypothesis);
  return plan;
}

}  // namespace

ModelEntry EntryOf(const std::string& model, const std::string& revision) {
  ModelEntry entry;
  entry.name = model;
  entry.revision = revision;
  std::error_code code;
  fs::path folder = fs::absolute(model, code);  // "." has a name too
  folder = (code ? fs::path(model) : folder).lexically_normal();
  entry.display =
      folder.has_filename() ? folder.filename().string() : folder.parent_path().filename().string();
  return entry;
}

Plan PlanOf(const std::vector<std::string>& models) {
  Plan plan;
  plan.experiment = "measure";
  plan.slug = "measure";
  plan.purpose = "Specialization Index of single models";
  plan.protocol = DefaultProtocol();
  for (const std::string& model : models) plan.ladder.push_back(EntryOf(model));
  return plan;
}

Plan PlanOfPair(const std::string& base, const std::string& tuned) {
  Plan plan = PlanOf(tuned.empty() ? std::vector{base} : std::vector{base, tuned});
  plan.experiment = "E11_Territorial_Collapse";
  plan.slug = "compare";
  plan.purpose = "What tuning did to a model's attention heads";
  return plan;
}

Protocol DefaultProtocol() {
  Protocol protocol;
  protocol.standard = "E11-v3";
  protocol.prompts = LoadPrompts("standard-10-v3");
  protocol.seeds = {42, 123, 456};
  for (const Precision precision : {Precision::kBFloat16, Precision::kFloat16, Precision::kFloat32}) {
    protocol.variants.push_back(MakeVariant(precision, false));
  }
  return protocol;
}

Plan ReadManifest(const fs::path& file) {
  const std::string text = ReadWholeFile(file, "manifest");
  Plan plan;
  ParseManifest(text, file.string(), [&](const toml::table& table) { plan = ReadPlan(table, file); });
  plan.manifest_text = text;
  return plan;
}

Plan BuiltInPlan() { return ReadManifest(DataFolder() / "experiments" / "nano-ladder.toml"); }

}  // namespace headspec
