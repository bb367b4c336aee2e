#include "model/config_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"

namespace headspec::model {
namespace {

constexpr const char* kDownloadAgain = "download the file again or correct it";

nlohmann::json ParseText(const std::string& text, const std::string& folder) {
  try {
    return ParseJson<nlohmann::json>(text);
  } catch (const JsonError& e) {
    const std::string problem = e.kind() == JsonError::Kind::kTooDeep
                                    ? fmt::format("config.json: {} in {}", e.what(), folder)
                                    : fmt::format("config.json: not JSON in {} ({})", folder, e.what());
    throw Error(ErrorKind::kInput, problem, kDownloadAgain);
  }
}

std::string Excerpt(const nlohmann::json& value) {
  std::string text = value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  return text;
}

}  // namespace

ConfigReader::ConfigReader(nlohmann::json json, std::filesystem::path file, std::string prefix)
    : json_(std::move(json)), file_(std::move(file)), prefix_(std::move(prefix)) {}

ConfigReader ConfigReader::Open(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "config.json";
  const std::optional<std::string> text = ReadFile(file);
  if (!text) {
    throw Error(ErrorKind::kSystem, fmt::format("config.json: none in {}", folder.string()),
                "give a folder that holds a Hugging Face checkpoint (config.json, tokenizer.json, "
                "model.safetensors)");
  }
  return Parse(*text, folder);
}

ConfigReader ConfigReader::Parse(const std::string& text, const std::filesystem::path& folder) {
  nlohmann::json json = ParseText(text, folder.string());
  if (!json.is_object()) {
    throw Error(
        ErrorKind::kInput,
        fmt::format("config.json: expected an object, found {} in {}", json.type_name(), folder.string()),
        kDownloadAgain);
  }
  ConfigReader reader(std::move(json), folder / "config.json", "");
  reader.model_type_ = reader.String("model_type", "");
  return reader;
}

const nlohmann::json* ConfigReader::Find(std::string_view key) const {
  const auto found = json_.find(key);
  return found == json_.end() || found->is_null() ? nullptr : &*found;
}

void ConfigReader::Fail(std::string_view key, const std::string& problem, const std::string& next) const {
  throw Error(
      ErrorKind::kInput,
      fmt::format("config.json: \"{}{}\": {} in {}", prefix_, key, problem, file_.parent_path().string()),
      next);
}

int ConfigReader::Int(std::string_view key, int least, int most) const {
  const nlohmann::json* value = Find(key);
  if (value == nullptr) {
    Fail(key, fmt::format("expected an integer from {} to {}, found nothing", least, most), kDownloadAgain);
  }
  const bool in_range = value->is_number_integer() && *value >= least && *value <= most;
  if (!in_range) {
    Fail(key, fmt::format("expected an integer from {} to {}, found {}", least, most, Excerpt(*value)),
         kDownloadAgain);
  }
  return value->get<int>();
}

int ConfigReader::Int(std::string_view key, int least, int most, int otherwise) const {
  return Has(key) ? Int(key, least, most) : otherwise;
}

double ConfigReader::Number(std::string_view key, double otherwise) const {
  const nlohmann::json* value = Find(key);
  if (value == nullptr) return otherwise;
  if (!value->is_number() || !std::isfinite(value->get<double>())) {
    Fail(key, "expected a number, found " + Excerpt(*value), kDownloadAgain);
  }
  return value->get<double>();
}

bool ConfigReader::Bool(std::string_view key, bool otherwise) const {
  const nlohmann::json* value = Find(key);
  if (value == nullptr) return otherwise;
  if (!value->is_boolean()) Fail(key, "expected true or false, found " + Excerpt(*value), kDownloadAgain);
  return value->get<bool>();
}

std::vector<double> ConfigReader::Numbers(std::string_view key, std::size_t count) const {
  const nlohmann::json* list = Find(key);
  const auto fail = [&](const std::string& found) {
    Fail(key, fmt::format("expected a list of {} numbers, found {}", count, found), kDownloadAgain);
  };
  if (list == nullptr) fail("nothing");
  if (!list->is_array()) fail(Excerpt(*list));
  if (list->size() != count) fail(fmt::format("{} values", list->size()));
  std::vector<double> numbers;
  for (const nlohmann::json& value : *list) {
    if (!value.is_number() || !std::isfinite(value.get<double>())) fail(Excerpt(value) + " in it");
    numbers.push_back(value.get<double>());
  }
  return numbers;
}

std::vector<int> ConfigReader::Ints(std::string_view key) const {
  const nlohmann::json* value = Find(key);
  if (value == nullptr) return {};
  const auto is_int = [](const nlohmann::json& entry) {
    return entry.is_number_integer() && entry >= std::numeric_limits<int>::min() &&
           entry <= std::numeric_limits<int>::max();
  };
  if (!value->is_array() || !std::all_of(value->begin(), value->end(), is_int))
    Fail(key, "expected a list of integers, found " + Excerpt(*value), kDownloadAgain);
  return value->get<std::vector<int>>();
}

std::vector<std::string> ConfigReader::Strings(std::string_view key) const {
  const nlohmann::json* value = Find(key);
  std::vector<std::string> strings;
  if (value == nullptr) return strings;
  const auto is_string = [](const nlohmann::json& entry) { return entry.is_string(); };
  if (!value->is_array() || !std::all_of(value->begin(), value->end(), is_string))
    Fail(key, "expected a list of strings, found " + Excerpt(*value), kDownloadAgain);
  return value->get<std::vector<std::string>>();
}

std::string ConfigReader::String(std::string_view key, std::string_view otherwise) const {
  const nlohmann::json* value = Find(key);
  if (value == nullptr) return std::string(otherwise);
  if (!value->is_string()) Fail(key, "expected a string, found " + Excerpt(*value), kDownloadAgain);
  return value->get<std::string>();
}

std::optional<ConfigReader> ConfigReader::Object(std::string_view key) const {
  const nlohmann::json* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_object()) Fail(key, "expected an object, found " + Excerpt(*value), kDownloadAgain);
  return ConfigReader(*value, file_, prefix_ + std::string(key) + ".");
}

}  // namespace headspec::model
