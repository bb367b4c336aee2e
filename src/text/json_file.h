// One small JSON file of a checkpoint folder (tokenizer_config.json and its neighbours), read with distrust:
// every complaint names the file, the field, what was expected and what was found. The rest of the room
// takes its fields through here and meets no exception of the JSON library.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "core/error.h"
#include "core/file.h"

namespace headspec::text {

// Ordered, because the order of special tokens decides the ids of those that are new.
using Json = nlohmann::ordered_json;

// A message that fits in one line, whatever a library or a template put into it.
std::string OneLine(std::string text);

class JsonFile {
 public:
  // An absent file is an empty object, and `present()` says so.
  static JsonFile Read(const std::filesystem::path& path);

  bool present() const { return present_; }
  const std::filesystem::path& path() const { return path_; }

  // Null when the key is absent. A key with the value null is there: transformers tells the two apart.
  const Json* Find(const std::string& key) const;
  bool Has(const std::string& key) const { return Find(key) != nullptr; }
  const Json& root() const { return root_; }

  // Nothing when absent or null.
  std::optional<std::string> String(const std::string& key) const;
  std::optional<bool> Bool(const std::string& key) const;

  // `where` is the field as a reader would look for it: added_tokens_decoder.32000.content.
  [[nodiscard]] Error Unexpected(const std::string& where, const std::string& expected,
                                 const Json& found) const;

 private:
  std::filesystem::path path_;
  Json root_ = Json::object();
  bool present_ = false;
};

}  // namespace headspec::text
