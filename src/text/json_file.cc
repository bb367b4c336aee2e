#include "text/json_file.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace headspec::text {
namespace {

// Real files nest four deep. The library copies and prints values recursively.
constexpr int kMaxDepth = 64;

constexpr std::string_view kAgain = "download the file again";

std::string Place(const std::filesystem::path& path) { return " in " + path.string(); }

// "[json.exception.parse_error.101] parse error at line 1, column 2: ..." without its number.
std::string WithoutCode(const std::string& what) {
  const auto end = what.find("] ");
  return end == std::string::npos ? what : what.substr(end + 2);
}

Json Parse(const std::string& bytes, const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  const auto shallow = [&](int depth, Json::parse_event_t, Json&) {
    if (depth > kMaxDepth) {
      throw Error(ErrorKind::kInput, fmt::format("{}: nested deeper than {}", name, kMaxDepth) + Place(path),
                  std::string(kAgain));
    }
    return true;
  };
  try {
    return Json::parse(bytes, shallow);
  } catch (const Json::exception& error) {
    throw Error(ErrorKind::kInput,
                fmt::format("{}: not JSON ({})", name, OneLine(WithoutCode(error.what()))) + Place(path),
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
