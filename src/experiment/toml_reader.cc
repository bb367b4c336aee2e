#include "experiment/toml_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "core/error.h"
#include "core/nearest.h"

namespace headspec::experiment {
namespace {

std::string Describe(const toml::node& node) {
  if (node.is_string()) return '"' + node.value<std::string>().value() + '"';
  std::ostringstream text;
  node.visit([&](const auto& value) {
    if constexpr (toml::is_value<decltype(value)>)
      text << value;
    else
      text << (toml::is_table<decltype(value)> ? "a table" : "a list");
  });
  return text.str();
}

}  // namespace

const toml::node* TomlReader::Find(std::string_view key) const { return table_.get(key); }

std::string TomlReader::Place(std::string_view key) const {
  const toml::node* node = Find(key);
  const auto line = (node == nullptr ? table_.source() : node->source()).begin.line;
  return fmt::format("{}:{}: {}{}", file_, std::max<std::uint32_t>(line, 1), where_, key);
}

void TomlReader::Fail(std::string_view key, const std::string& problem, const std::string& next) const {
  throw Error(ErrorKind::kInput, Place(key) + ": " + problem, next);
}

void TomlReader::AllowOnly(const std::vector<std::string>& keys) const {
  for (const auto& [key, node] : table_) {
    const std::string name(key.str());
    if (std::find(keys.begin(), keys.end(), name) != keys.end()) continue;
    const std::string nearest = Nearest(name, keys);
    Fail(name, "unknown key",
         nearest.empty() ? fmt::format("known keys here: {}", fmt::join(keys, ", "))
                         : fmt::format("did you mean \"{}\"?", nearest));
  }
}

std::string TomlReader::String(std::string_view key) const {
  const std::string value = String(key, "");
  if (value.empty()) Fail(key, "expected a string, found nothing", "add it to the manifest");
  return value;
}

std::string TomlReader::String(std::string_view key, std::string_view otherwise) const {
  const toml::node* node = Find(key);
  if (node == nullptr) return std::string(otherwise);
  if (!node->is_string()) Fail(key, "expected a string, found " + Describe(*node), "put the value in quotes");
  return node->value<std::string>().value();
}

double TomlReader::Number(std::string_view key) const {
  if (Find(key) == nullptr) Fail(key, "expected a number, found nothing", "add it to the manifest");
  return Number(key, 0);
}

double TomlReader::Number(std::string_view key, double otherwise) const {
  const toml::node* node = Find(key);
  if (node == nullptr) return otherwise;
  if (!node->is_number() || !std::isfinite(node->value<double>().value())) {
    Fail(key, "expected a number, found " + Describe(*node), "correct the value");
  }
  return node->value<double>().value();
}

std::int64_t TomlReader::Int(std::string_view key, std::int64_t otherwise, std::int64_t least,
                             std::int64_t most) const {
  const toml::node* node = Find(key);
  if (node == nullptr) return otherwise;
  const auto value = node->is_integer() ? node->value<std::int64_t>() : std::nullopt;
  if (!value || *value < least || *value > most) {
    Fail(key, fmt::format("expected an integer from {} to {}, found {}", least, most, Describe(*node)),
         "correct the value");
  }
  return *value;
}

bool TomlReader::Bool(std::string_view key, bool otherwise) const {
  const toml::node* node = Find(key);
  if (node == nullptr) return otherwise;
  if (!node->is_boolean()) Fail(key, "expected true or false, found " + Describe(*node), "correct the value");
  return node->value<bool>().value();
}

std::vector<std::int64_t> TomlReader::Ints(std::string_view key,
                                           const std::vector<std::int64_t>& otherwise) const {
  const toml::node* node = Find(key);
  if (node == nullptr) return otherwise;
  std::vector<std::int64_t> values;
  if (!node->is_array())
    Fail(key, "expected a list of integers, found " + Describe(*node), "correct the value");
  for (const toml::node& item : *node->as_array()) {
    if (!item.is_integer())
      Fail(key, "expected a list of integers, found " + Describe(item) + " in it", "correct the value");
    values.push_back(item.value<std::int64_t>().value());
  }
  return values;
}

std::vector<std::string> TomlReader::Strings(std::string_view key,
                                             const std::vector<std::string>& otherwise) const {
  const toml::node* node = Find(key);
  if (node == nullptr) return otherwise;
  std::vector<std::string> values;
  if (!node->is_array())
    Fail(key, "expected a list of strings, found " + Describe(*node), "correct the value");
  for (const toml::node& item : *node->as_array()) {
    if (!item.is_string())
      Fail(key, "expected a list of strings, found " + Describe(item) + " in it", "correct the value");
    values.push_back(item.value<std::string>().value());
  }
  return values;
}

std::optional<TomlReader> TomlReader::Table(std::string_view key) const {
  const toml::node* node = Find(key);
  if (node == nullptr) return std::nullopt;
  if (!node->is_table())
    Fail(key, "expected a table, found " + Describe(*node), fmt::format("write it as [{}]", key));
  return TomlReader(*node->as_table(), file_, where_ + std::string(key) + ".");
}

std::vector<TomlReader> TomlReader::Tables(std::string_view key) const {
  const toml::node* node = Find(key);
  std::vector<TomlReader> tables;
  if (node == nullptr) return tables;
  if (!node->is_array_of_tables())
    Fail(key, "expected tables, found " + Describe(*node), fmt::format("write each as [[{}]]", key));
  for (const toml::node& item : *node->as_array()) {
    tables.emplace_back(*item.as_table(), file_, fmt::format("{}{}[{}].", where_, key, tables.size()));
  }
  return tables;
}

}  // namespace headspec::experiment
