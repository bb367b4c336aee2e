#include "experiment/stored_entropies.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <zip.h>

#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/error.h"
#include "core/json.h"
#include "experiment/files.h"
#include "experiment/npy.h"
#include "metrics/specialization.h"

namespace headspec::experiment {
namespace fs = std::filesystem;
namespace {

constexpr const char* kFormats = "give JSON with an \"entropies\" matrix (layers by heads), .npy or .npz";
constexpr std::size_t kMostBytesInArchive = std::size_t{1} << 30;
constexpr std::size_t kMostHeads = 4096;  // the correlation matrix is heads by heads

[[noreturn]] void Fail(const std::string& place, const std::string& problem) {
  throw Error(ErrorKind::kInput, fmt::format("{}: {}", place, problem), kFormats);
}

void CheckTable(const Table& table, const std::string& place) {
  if (table.front().size() > kMostHeads) {
    Fail(place, fmt::format("expected at most {} heads, found {}", kMostHeads, table.front().size()));
  }
  for (std::size_t layer = 0; layer < table.size(); ++layer) {
    for (std::size_t head = 0; head < table[layer].size(); ++head) {
      if (std::isfinite(table[layer][head])) continue;
      Fail(place, fmt::format("layer {}, head {}: expected a finite number, found {}", layer, head,
                              table[layer][head]));
    }
  }
}

std::string Escaped(const std::string& key) {
  std::string out;
  for (const char c : key) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return out;
}

std::vector<Table> PromptsBeside(const nlohmann::ordered_json& json, const std::string& key,
                                 const std::string& place) {
  std::vector<Table> prompts;
  const auto list = json.find(key + "_per_prompt");
  if (list == json.end() || list->is_null()) return prompts;
  for (const auto& table : *list)
    prompts.push_back(TableFromJson(table, fmt::format("{}_per_prompt/{}", place, prompts.size())));
  return prompts;
}

void Collect(const nlohmann::ordered_json& json, const std::string& pointer,
             std::vector<StoredEntropies>& found) {
  if (json.is_object()) {
    for (const auto& [key, value] : json.items()) {
      const std::string place = pointer + "/" + Escaped(key);
      if (key == "entropies" || key == "head_entropies")
        found.push_back({place, TableFromJson(value, place), PromptsBeside(json, key, place)});
      else
        Collect(value, place, found);
    }
  } else if (json.is_array()) {
    for (std::size_t i = 0; i < json.size(); ++i) Collect(json[i], fmt::format("{}/{}", pointer, i), found);
  }
}

std::vector<StoredEntropies> FromJson(const std::string& text, const fs::path& file) {
  nlohmann::ordered_json json;
  try {
    json = ParseJson<nlohmann::ordered_json>(text);
  } catch (const JsonError& e) {
    const bool too_deep = e.kind() == JsonError::Kind::kTooDeep;
    Fail(file.string(), too_deep ? fmt::format("expected JSON nested at most {} deep", kDeepestJson)
                                 : fmt::format("not JSON ({})", e.what()));
  }
  std::vector<StoredEntropies> found;
  Collect(json, "", found);
  return found;
}

StoredEntropies FromArray(const NpyArray& array, std::string name, const std::string& place) {
  const std::size_t dims = array.shape.size();
  if ((dims != 2 && dims != 3) || array.values.empty()) {
    Fail(place,
         fmt::format("expected layers by heads, or prompts by layers by heads, found an array of shape [{}]",
                     fmt::join(array.shape, ", ")));
  }
  const std::size_t layers = array.shape[dims - 2];
  const std::size_t heads = array.shape[dims - 1];
  std::vector<Table> prompts;
  auto value = array.values.begin();
  for (std::size_t p = 0; p < (dims == 3 ? array.shape[0] : 1); ++p) {
    Table& table = prompts.emplace_back();
    for (std::size_t layer = 0; layer < layers; ++layer) {
      const auto end = value + static_cast<std::ptrdiff_t>(heads);
      table.emplace_back(value, end);
      value = end;
    }
    CheckTable(table, place);
  }
  Table mean = metrics::MeanTable(prompts);
  if (dims == 2) prompts.clear();
  return {std::move(name), std::move(mean), std::move(prompts)};
}

std::string ReadEntry(zip_t* archive, zip_uint64_t index, const std::string& place) {
  zip_stat_t stat;
  if (zip_stat_index(archive, index, 0, &stat) != 0 || (stat.valid & ZIP_STAT_SIZE) == 0)
    Fail(place, "cannot be read from the archive");
  if (stat.size > kMostBytesInArchive)
    Fail(place, fmt::format("{} bytes are too many for a table of heads", stat.size));
  const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> entry(zip_fopen_index(archive, index, 0),
                                                                zip_fclose);
  std::string bytes(stat.size, '\0');
  if (!entry ||
      zip_fread(entry.get(), bytes.data(), bytes.size()) != static_cast<zip_int64_t>(bytes.size())) {
    Fail(place, "cannot be unpacked from the archive");
  }
  return bytes;
}

std::vector<StoredEntropies> FromNpz(const fs::path& file) {
  int code = 0;
  const std::unique_ptr<zip_t, void (*)(zip_t*)> archive(zip_open(file.c_str(), ZIP_RDONLY, &code),
                                                         zip_discard);
  if (!archive) Fail(file.string(), "not an .npz archive");
  std::vector<StoredEntropies> found;
  const zip_int64_t count = zip_get_num_entries(archive.get(), 0);
  for (zip_uint64_t i = 0; i < static_cast<zip_uint64_t>(count); ++i) {
    const char* stored_name = zip_get_name(archive.get(), i, 0);
    std::string name = stored_name == nullptr ? "" : stored_name;
    const std::string place = file.string() + ": " + name;
    if (!name.ends_with(".npy") || name.find("entropies") == std::string::npos) continue;
    name.resize(name.size() - 4);
    found.push_back(FromArray(ParseNpy(ReadEntry(archive.get(), i, place), place), name, place));
  }
  return found;
}

}  // namespace

Table TableFromJson(const nlohmann::json& json, const std::string& place) {
  if (!json.is_array() || json.empty())
    Fail(place, "expected a list of layers, found " + std::string(json.type_name()));
  Table table;
  for (const auto& layer : json) {
    if (!layer.is_array() || layer.empty()) {
      Fail(place,
           fmt::format("layer {}: expected a list of numbers, found {}", table.size(), layer.type_name()));
    }
    std::vector<double> row;
    for (const auto& value : layer) {
      if (!value.is_number()) {
        Fail(place, fmt::format("layer {}, head {}: expected a number, found {}", table.size(), row.size(),
                                value.type_name()));
      }
      row.push_back(value.get<double>());
    }
    if (!table.empty() && row.size() != table.front().size()) {
      Fail(place, fmt::format("layer {}: expected {} heads, found {}", table.size(), table.front().size(),
                              row.size()));
    }
    table.push_back(std::move(row));
  }
  CheckTable(table, place);
  return table;
}

std::vector<StoredEntropies> ReadStoredEntropies(const fs::path& file) {
  const std::string text = ReadWholeFile(file, "stored entropies");
  std::vector<StoredEntropies> found;
  if (text.starts_with("\x93NUMPY")) {
    found.push_back(FromArray(ParseNpy(text, file.string()), file.filename().string(), file.string()));
  } else if (text.starts_with("PK")) {
    found = FromNpz(file);
  } else {
    found = FromJson(text, file);
  }
  if (found.empty()) Fail(file.string(), "no entropies in it");
  return found;
}

}  // namespace headspec::experiment
