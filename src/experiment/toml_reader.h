// Typed access to a TOML table with one-line errors: file, line, key, expectation and finding.
#pragma once

#include <toml++/toml.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace headspec::experiment {

class TomlReader {
 public:
  // `where` is the path of the table for messages: "" at the top, "protocol." inside it.
  TomlReader(const toml::table& table, std::string file, std::string where)
      : table_(table), file_(std::move(file)), where_(std::move(where)) {}

  // Throws on a key that is not in the list, naming the nearest that is.
  void AllowOnly(const std::vector<std::string>& keys) const;

  std::string String(std::string_view key) const;  // required, not empty
  std::string String(std::string_view key, std::string_view otherwise) const;
  double Number(std::string_view key) const;  // required, finite
  double Number(std::string_view key, double otherwise) const;
  std::int64_t Int(std::string_view key, std::int64_t otherwise, std::int64_t least, std::int64_t most) const;
  bool Bool(std::string_view key, bool otherwise) const;
  std::vector<std::int64_t> Ints(std::string_view key, const std::vector<std::int64_t>& otherwise) const;
  std::vector<std::string> Strings(std::string_view key, const std::vector<std::string>& otherwise) const;
  std::optional<TomlReader> Table(std::string_view key) const;
  std::vector<TomlReader> Tables(std::string_view key) const;  // [[key]]

  bool Has(std::string_view key) const { return table_.contains(key); }

  std::string Place(std::string_view key) const;  // "file.toml:12: protocol.seeds"
  [[noreturn]] void Fail(std::string_view key, const std::string& problem, const std::string& next) const;

 private:
  const toml::node* Find(std::string_view key) const;

  const toml::table& table_;
  std::string file_;
  std::string where_;
};

}  // namespace headspec::experiment
