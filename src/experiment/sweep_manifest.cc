#include "experiment/sweep_manifest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "experiment/files.h"
#include "experiment/manifest.h"
#include "experiment/toml_reader.h"
#include "headspec/plans.h"

namespace headspec::experiment {
namespace fs = std::filesystem;
namespace {

constexpr std::array<std::pair<std::string_view, HeadMetricSet>, 3> kMetricSets = {
    {{"received", HeadMetricSet::kNone}, {"prompts", HeadMetricSet::kPrompts}, {"all", HeadMetricSet::kAll}}};

std::string_view MetricsWord(HeadMetricSet metrics) {
  for (const auto& [word, set] : kMetricSets) {
    if (set == metrics) return word;
  }
  return "";
}

// One [[sweep.protocol]]: what it says otherwise than [protocol].
struct Variant {
  std::string name;
  bool chat_template = false;
  int max_length = 0;
  Profile profile = Profile::kHf457;
  std::string profile_place;
  HeadMetricSet metrics = HeadMetricSet::kPrompts;
  Padding padding = {};
};

std::string OneOf(const TomlReader& toml, std::string_view key, const std::string& otherwise,
                  const std::vector<std::string>& words) {
  const std::string word = toml.String(key, otherwise);
  if (std::find(words.begin(), words.end(), word) == words.end()) {
    toml.Fail(key, fmt::format("expected {}, found \"{}\"", fmt::join(words, ", "), word),
              "use one of these");
  }
  return word;
}

Padding ReadPadding(const TomlReader& toml) {
  Padding padding;
  padding.to_max_length = OneOf(toml, "padding", "none", {"none", "max-length"}) == "max-length";
  const std::string side = OneOf(toml, "padding_side", "tokenizer", {"tokenizer", "left", "right"});
  if (side != "tokenizer") padding.side = side == "left" ? PaddingSide::kLeft : PaddingSide::kRight;
  return padding;
}

// What the whole manifest says before its tables.
struct Common {
  Protocol protocol;
  std::vector<Precision> precisions;  // of "auto"
  std::string prompts;
  fs::path folder;
  std::map<std::string, PromptSet> loaded;        // by their name in the manifest
  std::map<std::string, std::size_t> index = {};  // of protocols, by their text

  const PromptSet& Prompts(const std::string& name) {
    const auto [found, is_new] = loaded.try_emplace(name);
    if (is_new) found->second = LoadPrompts(PromptSource(name, folder));
    return found->second;
  }
};

Common ReadCommon(const TomlReader& toml, const fs::path& folder) {
  Common common;
  common.folder = folder;
  common.protocol = DefaultProtocol();
  common.prompts = "standard-10-v3";
  std::vector<std::string> dtypes = {"bfloat16", "float16", "float32"};
  if (const auto table = toml.Table("protocol")) {
    common.protocol = ReadProtocol(*table, folder);
    common.prompts = table->String("prompts", common.prompts);
    dtypes = table->Strings("dtypes", dtypes);
    if (common.protocol.keep_attention) {
      table->Fail("keep_attention", "a sweep keeps no attention",
                  "leave it out, and measure the models that you want to look at with headspec measure");
    }
  }
  common.loaded[common.prompts] = common.protocol.prompts;
  for (const std::string& dtype : dtypes) common.precisions.push_back(ParsePrecision(dtype));
  return common;
}

Variant DefaultVariant(const Common& common, const TomlReader& toml) {
  Variant variant;
  variant.chat_template = common.protocol.variants.front().use_chat_template;
  variant.max_length = common.protocol.max_length;
  variant.profile = common.protocol.profile;
  variant.profile_place = toml.Place("dtypes");
  return variant;
}

std::vector<Variant> ReadVariants(const TomlReader& toml, const Common& common) {
  std::vector<Variant> variants;
  for (const TomlReader& table : toml.Tables("protocol")) {
    table.AllowOnly(
        {"name", "chat_template", "numerics", "max_length", "padding", "padding_side", "metrics"});
    Variant variant = DefaultVariant(common, toml);
    variant.name = table.String("name");
    const bool is_known = std::any_of(variants.begin(), variants.end(),
                                      [&](const Variant& other) { return other.name == variant.name; });
    if (is_known) table.Fail("name", fmt::format("\"{}\" twice", variant.name), "give each its own");
    variant.chat_template = table.Bool("chat_template", variant.chat_template);
    variant.max_length = static_cast<int>(table.Int("max_length", variant.max_length, 1, 1 << 20));
    variant.profile_place = table.Place("numerics");
    variant.profile =
        ParseProfile(table.String("numerics", ProfileName(variant.profile)), variant.profile_place);
    const std::string metrics = OneOf(table, "metrics", "prompts", {"received", "prompts", "all"});
    for (const auto& [word, set] : kMetricSets) {
      if (word == metrics) variant.metrics = set;
    }
    variant.padding = ReadPadding(table);
    variants.push_back(std::move(variant));
  }
  if (variants.empty()) variants.push_back(DefaultVariant(common, toml));
  return variants;
}

Protocol MakeProtocol(Common& common, const std::string& dtype, const std::string& prompts,
                      const Variant& variant) {
  Protocol protocol = common.protocol;
  protocol.prompts = common.Prompts(prompts);
  protocol.max_length = variant.max_length;
  protocol.metrics = variant.metrics;
  protocol.padding = variant.padding;
  protocol.variants.clear();
  const std::vector<Precision> precisions =
      dtype == "auto" ? common.precisions : std::vector{ParsePrecision(dtype)};
  for (const Precision precision : precisions)
    protocol.variants.push_back(MakeVariant(precision, variant.chat_template));
  UseProfile(variant.profile, variant.profile_place, protocol);
  return protocol;
}

// Each protocol once, by its text.
std::size_t IndexOf(Protocol protocol, Common& common, SweepManifest& manifest) {
  const auto [known, is_new] = common.index.try_emplace(ProtocolText(protocol), manifest.protocols.size());
  if (is_new) manifest.protocols.push_back(std::move(protocol));
  return known->second;
}

// An axis: at least one value, none twice.
std::vector<std::string> ReadAxis(const TomlReader& toml, std::string_view key,
                                  const std::string& otherwise) {
  const std::vector<std::string> values = toml.Strings(key, {otherwise});
  if (values.empty()) toml.Fail(key, "expected at least one, found none", "leave it out, or fill it");
  std::set<std::string> seen;
  for (const std::string& value : values) {
    if (value.empty()) toml.Fail(key, "an empty string in the list", "remove it");
    if (!seen.insert(value).second) toml.Fail(key, fmt::format("\"{}\" twice", value), "remove one of them");
  }
  return values;
}

void ReadSettings(const TomlReader& toml, Common& common, SweepManifest& manifest, SweepTable& table) {
  const std::vector<std::string> dtypes = ReadAxis(toml, "dtypes", "auto");
  const std::vector<std::string> prompt_sets = ReadAxis(toml, "prompts", common.prompts);
  const std::vector<Variant> variants = ReadVariants(toml, common);
  for (const std::string& dtype : dtypes) {
    if (dtype != "auto") ParsePrecision(dtype, toml.Place("dtypes"));
    for (const std::string& prompts : prompt_sets) {
      for (const Variant& variant : variants) {
        Protocol protocol = MakeProtocol(common, dtype, prompts, variant);
        // One precision is no choice.
        const std::string shown =
            protocol.variants.size() == 1 ? ShortName(protocol.variants.front().precision) : dtype;
        table.settings.push_back(
            {shown, prompts, variant.name, IndexOf(std::move(protocol), common, manifest)});
      }
    }
  }
}

SweepTable ReadTable(const TomlReader& toml, Common& common, SweepManifest& manifest) {
  toml.AllowOnly(
      {"models", "sizes", "revisions", "missing", "dtypes", "prompts", "split_prompts", "protocol"});
  SweepTable table;
  table.models_place = toml.Place("models");
  table.revisions_place = toml.Place("revisions");
  table.models = toml.Strings("models", {});
  if (table.models.empty()) {
    toml.Fail("models", "expected at least one, found none",
              "for example models = [\"EleutherAI/pythia-70m\"]");
  }
  table.sizes = toml.Strings("sizes", {});
  if (!table.sizes.empty() && table.sizes.size() != table.models.size()) {
    toml.Fail(
        "sizes",
        fmt::format("expected {}, one for each of models, found {}", table.models.size(), table.sizes.size()),
        "correct the list, or leave it out: sizes are then taken from the names");
  }
  if (toml.Has("revisions")) table.revisions = ReadAxis(toml, "revisions", "main");
  table.skips_missing = OneOf(toml, "missing", "error", {"error", "skip"}) == "skip";
  ReadSettings(toml, common, manifest, table);
  const int split = static_cast<int>(toml.Int("split_prompts", manifest.split_prompts, 0, 1 << 30));
  if (manifest.split_prompts != 0 && split != manifest.split_prompts) {
    toml.Fail("split_prompts", fmt::format("expected {} as before, found {}", manifest.split_prompts, split),
              "state it once, it holds for the whole sweep");
  }
  manifest.split_prompts = split;
  return table;
}

SweepManifest Read(const toml::table& parsed, const std::string& file, const fs::path& folder) {
  const TomlReader toml(parsed, file, "");
  if (!toml.Has("sweep"))
    toml.Fail("sweep", "expected at least one [[sweep]], found none", "add the models to measure");
  for (const char* key : {"model", "reference", "hypothesis"}) {
    if (!toml.Has(key)) continue;
    toml.Fail(key, "a sweep has neither a ladder nor a verdict", "put it into a manifest without [[sweep]]");
  }
  toml.AllowOnly({"experiment", "slug", "purpose", "protocol", "sweep"});
  SweepManifest manifest;
  manifest.folder = folder;
  manifest.experiment = toml.String("experiment");
  manifest.slug = ReadSlug(toml, manifest.experiment);
  manifest.purpose = toml.String("purpose", "");
  Common common = ReadCommon(toml, folder);
  for (const TomlReader& table : toml.Tables("sweep"))
    manifest.tables.push_back(ReadTable(table, common, manifest));
  return manifest;
}

}  // namespace

bool IsSweepManifest(const fs::path& file) {
  bool is_sweep = false;
  ParseManifest(ReadWholeFile(file, "manifest"), file.string(),
                [&](const toml::table& table) { is_sweep = table.contains("sweep"); });
  return is_sweep;
}

SweepManifest ParseSweepManifest(const std::string& text, const std::string& file, const fs::path& folder) {
  SweepManifest manifest;
  ParseManifest(text, file, [&](const toml::table& table) { manifest = Read(table, file, folder); });
  manifest.text = text;
  return manifest;
}

SweepManifest ReadSweepManifest(const fs::path& file) {
  return ParseSweepManifest(ReadWholeFile(file, "manifest"), file.string(),
                            fs::absolute(file).parent_path().lexically_normal());
}

std::string ProtocolText(const Protocol& p) {
  std::vector<std::string> variants;
  for (const SanityVariant& variant : p.variants) variants.push_back(variant.label);
  std::string text = fmt::format("prompts {} {}\nmax_length {}\npadding {}\nseeds {}\nrerun_seeds {}\n",
                                 p.prompts.md5, p.prompts.prompts.size(), p.max_length,
                                 PaddingName(p.padding), fmt::join(p.seeds, " "), p.rerun_seeds);
  text += fmt::format("dtypes {}\nnumerics {}\nmetrics {}\n", fmt::join(variants, " "),
                      ProfileName(p.profile), MetricsWord(p.metrics));
  // Of one precision nothing is decided.
  if (p.variants.size() > 1) text += fmt::format("sanity_min_si {}\n", p.sanity_min_si);
  return text;
}

}  // namespace headspec::experiment
