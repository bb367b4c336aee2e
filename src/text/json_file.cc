#include "text/json_file.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "core/json.h"

namespace headspec::text {
namespace {

constexpr std::string_view kAgain = "download the file again";

std::string Place(const std::filesystem::path& path) { return " in " + path.string(); }

Json Parse(const std::string& bytes, const std::filesystem::path& path) {
  try {
    return ParseJson<Json>(bytes);
  } catch (const JsonError& e) {
    const std::string problem =
        e.kind() == JsonError::Kind::kTooDeep ? e.what() : fmt::format("not JSON ({})", OneLine(e.what()));
    throw Error(ErrorKind::kInput, fmt::format("{}: {}", path.filename().string(), problem) + Place(path),
                std::string(kAgain));
  }
}

std::string Found(const Json& value) {
  return value.is_string() ? '"' + value.get<std::string>() + '"' : std::string(value.type_name());
}

}  // namespace

std::string OneLine(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  return text;
}

JsonFile JsonFile::Read(const std::filesystem::path& path) {
  JsonFile file;
  file.path_ = path;
  const std::optional<std::string> bytes = ReadFile(path);
  if (!bytes) return file;
  file.present_ = true;
  file.root_ = Parse(*bytes, path);
  if (!file.root_.is_object()) throw file.Unexpected("the document", "an object", file.root_);
  return file;
}

const Json* JsonFile::Find(const std::string& key) const {
  const auto found = root_.find(key);
  return found == root_.end() ? nullptr : &*found;
}

std::optional<std::string> JsonFile::String(const std::string& key) const {
  const Json* value = Find(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (!value->is_string()) throw Unexpected(key, "a string", *value);
  return value->get<std::string>();
}

std::optional<bool> JsonFile::Bool(const std::string& key) const {
  const Json* value = Find(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (!value->is_boolean()) throw Unexpected(key, "true or false", *value);
  return value->get<bool>();
}

Error JsonFile::Unexpected(const std::string& where, const std::string& expected, const Json& found) const {
  const std::string message = fmt::format("{}: {}: expected {}, found {}", path_.filename().string(), where,
                                          expected, OneLine(Found(found)));
  return {ErrorKind::kInput, message + Place(path_), std::string(kAgain)};
}

}  // namespace headspec::text
