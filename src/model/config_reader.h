// Typed access to config.json with one-line errors that name file, key, expectation and finding.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace headspec::model {

class ConfigReader {
 public:
  static ConfigReader Open(const std::filesystem::path& folder);
  // The text of a config.json; `folder` stands for the place that it is from, in messages.
  static ConfigReader Parse(const std::string& text, const std::filesystem::path& folder);

  const std::string& model_type() const { return model_type_; }

  // Absent and null are the same; the value must then come from the default or be required.
  int Int(std::string_view key, int least, int most) const;
  int Int(std::string_view key, int least, int most, int otherwise) const;
  double Number(std::string_view key, double otherwise) const;
  bool Bool(std::string_view key, bool otherwise) const;
  std::string String(std::string_view key, std::string_view otherwise) const;
  // A nested object, e.g. rope_scaling.
  std::optional<ConfigReader> Object(std::string_view key) const;
  // A list of `count` numbers.
  std::vector<double> Numbers(std::string_view key, std::size_t count) const;
  // A list of integers; empty where the key is absent or null.
  std::vector<int> Ints(std::string_view key) const;
  // A list of strings; empty where the key is absent or null.
  std::vector<std::string> Strings(std::string_view key) const;
  bool Has(std::string_view key) const { return Find(key) != nullptr; }
  // Whether the file has the key, be it null.
  bool Contains(std::string_view key) const { return json_.contains(key); }
  // Whether the object has no keys.
  bool IsEmpty() const { return json_.empty(); }

  // Error(kInput) about `key`: `problem` says what was expected and found, `next` what to do.
  [[noreturn]] void Fail(std::string_view key, const std::string& problem, const std::string& next) const;

 private:
  ConfigReader(nlohmann::json json, std::filesystem::path file, std::string prefix);
  const nlohmann::json* Find(std::string_view key) const;

  nlohmann::json json_;
  std::filesystem::path file_;
  std::string prefix_;  // "rope_scaling." inside that object
  std::string model_type_;
};

}  // namespace headspec::model
