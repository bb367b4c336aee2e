#include "experiment/stored_models.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "core/error.h"
#include "core/json.h"
#include "experiment/files.h"
#include "experiment/stored_entropies.h"
#include "metrics/specialization.h"

namespace headspec::experiment {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// Null where a key on the way is absent or no object.
const Json* Find(const Json& json, std::initializer_list<const char*> keys) {
  const Json* at = &json;
  for (const char* key : keys) {
    if (!at->is_object() || !at->contains(key)) return nullptr;
    at = &at->at(key);
  }
  return at;
}

std::string TextAt(const Json& json, std::initializer_list<const char*> keys) {
  const Json* found = Find(json, keys);
  return found != nullptr && found->is_string() ? found->get<std::string>() : "";
}

int CountAt(const Json& json, std::initializer_list<const char*> keys) {
  const Json* found = Find(json, keys);
  if (found == nullptr || !found->is_number_unsigned() || *found > 1'000'000) return 0;
  return found->get<int>();
}

std::optional<bool> FlagAt(const Json& json, std::initializer_list<const char*> keys) {
  const Json* found = Find(json, keys);
  if (found == nullptr || !found->is_boolean()) return std::nullopt;
  return found->get<bool>();
}

class Reader {
 public:
  Reader(const fs::path& file, Json json) : file_(file), json_(std::move(json)) {}

  StoredMeasurement Read() {
    StoredMeasurement stored;
    stored.prompt_md5 = TextAt(json_, {"methodology", "prompt_md5"});
    stored.max_length = CountAt(json_, {"methodology", "max_length"});
    stored.padding = TextAt(json_, {"methodology", "padding"});
    const Json* results = Find(json_, {"results"});
    if (results != nullptr && results->is_array())
      ReadLadder(*results, stored);
    else if (results != nullptr && results->is_object())
      ReadPair(*results, stored);
    return stored;
  }

 private:
  [[noreturn]] void Fail(const std::string& problem) const {
    throw Error(ErrorKind::kInput, fmt::format("{}: {}", file_.string(), problem),
                "give results.json of headspec, or a published E11 file with \"entropies\"");
  }

  Table TableAt(const Json& json, const std::string& place) const {
    return TableFromJson(json, file_.string() + ": " + place);
  }

  std::vector<Table> PerPrompt(const Json& model, const char* key, const std::string& place,
                               const Table& mean) const {
    std::vector<Table> tables;
    const Json* list = Find(model, {key});
    if (list == nullptr || !list->is_array()) return tables;
    for (const Json& one : *list) {
      const std::string where = fmt::format("{}/{}/{}", place, key, tables.size());
      tables.push_back(TableAt(one, where));
      if (tables.back().size() != mean.size() || tables.back().front().size() != mean.front().size())
        Fail(fmt::format("{}: expected {} layers by {} heads, found {} by {}", where, mean.size(),
                         mean.front().size(), tables.back().size(), tables.back().front().size()));
    }
    return tables;
  }

  // results.json of `run` and `measure`.
  void ReadLadder(const Json& results, StoredMeasurement& stored) const {
    stored.prompt_version = TextAt(json_, {"methodology", "prompts"});
    stored.use_chat_template = FlagAt(json_, {"methodology", "chat_template"});
    if (const Json* prompts = Find(json_, {"prompts_text"}); prompts != nullptr && prompts->is_array())
      stored.num_prompts = static_cast<int>(prompts->size());
    if (FlagAt(json_, {"methodology", "padding"}) == false) stored.padding = "none";
    for (std::size_t i = 0; i < results.size(); ++i) {
      const Json& model = results[i];
      const Json* entropies = Find(model, {"head_entropies"});
      if (entropies == nullptr) continue;  // it failed
      const std::string place = fmt::format("/results/{}", i);
      StoredModel one{.role = "", .name = TextAt(model, {"display"}), .place = place + "/head_entropies"};
      one.architecture = TextAt(model, {"architecture"});
      one.kv_heads = CountAt(model, {"num_kv_heads"});
      one.entropies = TableAt(*entropies, one.place);
      one.prompt_entropies = PerPrompt(model, "head_entropies_per_prompt", place, one.entropies);
      one.adds_bos = FlagAt(model, {"provenance", "adds_bos"});
      one.has_chat_template = FlagAt(model, {"provenance", "has_chat_template"});
      one.chat_template_applied = FlagAt(model, {"provenance", "chat_template_applied"});
      one.dtype = TextAt(model, {"numerics", "dtype"});
      stored.models.push_back(std::move(one));
    }
  }

  // The published files, and results.json of `compare`.
  void ReadPair(const Json& results, StoredMeasurement& stored) const {
    stored.prompt_version = TextAt(json_, {"prompt_set"});
    stored.num_prompts = CountAt(json_, {"methodology", "num_prompts"});
    stored.use_chat_template = FlagAt(json_, {"methodology", "use_chat_template"});
    for (const char* role : {"base", "instruct"}) {
      const Json* model = Find(results, {role});
      if (model == nullptr) continue;
      const std::string place = fmt::format("/results/{}", role);
      StoredModel one{.role = role, .name = TextAt(json_, {"config", role}), .place = place};
      if (one.name.empty()) one.name = role;
      ReadTable(*model, one);
      one.architecture = TextAt(json_, {"config", "architecture"});
      if (one.architecture.empty()) one.architecture = TextAt(json_, {"config", "arch"});
      one.kv_heads = CountAt(*model, {"num_kv_heads"});
      if (one.kv_heads == 0) one.kv_heads = CountAt(json_, {"config", "num_kv_heads"});
      if (one.kv_heads == 0) one.kv_heads = CountAt(*model, {"gqa_metrics", "num_kv_groups"});
      one.dtype = TextAt(*model, {"dtype"});
      if (one.dtype.empty()) one.dtype = TextAt(json_, {"methodology", "dtype"});
      stored.models.push_back(std::move(one));
    }
  }

  // Entropies of the model, or of each of its seeds: a pass has no randomness, so their mean is any of them.
  void ReadTable(const Json& model, StoredModel& one) const {
    if (const Json* table = Find(model, {"entropies"})) {
      one.entropies = TableAt(*table, one.place + "/entropies");
      one.prompt_entropies = PerPrompt(model, "entropies_per_prompt", one.place, one.entropies);
      one.place += "/entropies";
      return;
    }
    std::vector<Table> tables;
    const std::string place = one.place + "/seed_results";
    if (const Json* seeds = Find(model, {"seed_results"}); seeds != nullptr && seeds->is_array()) {
      for (std::size_t i = 0; i < seeds->size(); ++i) {
        if (const Json* table = Find((*seeds)[i], {"entropies"}))
          tables.push_back(TableAt(*table, fmt::format("{}/{}/entropies", place, i)));
      }
    }
    if (tables.empty()) Fail(fmt::format("{}: no \"entropies\" in it", one.place));
    for (const Table& table : tables) {
      if (table.size() != tables.front().size() || table.front().size() != tables.front().front().size())
        Fail(fmt::format("{}: seeds differ in layers or heads", place));
    }
    one.entropies = metrics::MeanTable(tables);
    one.place = place + "/0/entropies";
  }

  const fs::path& file_;
  const Json json_;
};

// Any other file with one matrix: JSON of another shape, .npy or .npz.
StoredMeasurement OneMatrix(const fs::path& file) {
  StoredMeasurement stored;
  for (StoredEntropies& one : ReadStoredEntropies(file)) {
    StoredModel model{.role = "", .name = file.stem().string(), .place = one.place};
    model.entropies = std::move(one.values);
    stored.models.push_back(std::move(model));
  }
  return stored;
}

}  // namespace

StoredMeasurement ReadStoredMeasurement(const fs::path& file) {
  const std::string text = ReadWholeFile(file, "stored result");
  Json json;
  try {
    json = ParseJson<Json>(text);
  } catch (const JsonError&) {
    return OneMatrix(file);  // or its error
  }
  StoredMeasurement stored = Reader(file, std::move(json)).Read();
  return stored.models.empty() ? OneMatrix(file) : stored;
}

}  // namespace headspec::experiment
