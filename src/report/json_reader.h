// Typed access to JSON that this room has written itself and that somebody may have edited since: every
// failure is one line with file, path, what was expected and what was found.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "headspec/result.h"

namespace headspec::report {

class JsonReader {
 public:
  // The whole of `text`, which `file` names in errors. Throws Error(kInput) if it is not JSON.
  static JsonReader Parse(std::string_view text, std::string_view file);

  bool Has(std::string_view key) const;
  JsonReader At(std::string_view key) const;  // required
  // Throws unless the key `schema_version` is `known`; of a larger one a newer headspec is the reader.
  void RequireSchema(int known) const;
  // Of an object, once everything known was asked for: throws if it has more keys.
  void RefuseOtherKeys() const;

  bool IsNull() const { return value_->is_null(); }
  bool IsString() const { return value_->is_string(); }
  bool Bool() const;
  std::string String() const;
  std::string StringOrNull() const;  // null: ""
  double Number() const;             // null: NaN
  int Int() const;
  int IndexOrNull() const;  // null: -1
  std::int64_t Int64() const;
  std::uint64_t Count() const;  // not negative
  std::vector<JsonReader> Items() const;
  // An object's, in its order.
  std::vector<std::pair<std::string, JsonReader>> Members() const;

  std::vector<std::string> Strings() const;
  std::vector<int> Ints() const;
  std::vector<double> Numbers() const;
  Table Rows() const;                                       // of one length
  Table Rows(std::size_t rows, std::size_t columns) const;  // of that shape

  [[noreturn]] void Fail(const std::string& expected) const;
  [[noreturn]] void Fail(const std::string& expected, const std::string& found) const;

 private:
  struct Document {
    nlohmann::ordered_json json;
    std::string file;
  };

  JsonReader(std::shared_ptr<const Document> document, const nlohmann::ordered_json& value, std::string path)
      : document_(std::move(document)), value_(&value), path_(std::move(path)) {}
  JsonReader Item(std::size_t index) const;

  std::shared_ptr<const Document> document_;
  const nlohmann::ordered_json* value_;
  std::string path_;  // "$.results[0].si_mean"
  std::shared_ptr<std::set<std::string, std::less<>>> asked_ =
      std::make_shared<std::set<std::string, std::less<>>>();
};

}  // namespace headspec::report
