#include "report/json_reader.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

#include "core/error.h"
#include "core/json.h"
#include "report/text.h"

namespace headspec::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kShown = 60;
constexpr const char* kNext = "the file was changed or damaged: take the one that headspec wrote";

std::string Shown(const Json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return fmt::format("a list of {}", value.size());
  return Truncate(OneLine(value.dump(-1, ' ', false, Json::error_handler_t::replace)), kShown);
}

}  // namespace

JsonReader JsonReader::Parse(std::string_view text, std::string_view file) {
  auto document = std::make_shared<Document>();
  document->file = file;
  try {
    document->json = ParseJson<Json>(text);
  } catch (const JsonError& e) {
    throw Error(ErrorKind::kInput, fmt::format("{}: not JSON ({})", file, e.what()), kNext);
  }
  const Json& json = document->json;
  return {std::move(document), json, "$"};
}

void JsonReader::Fail(const std::string& expected) const { Fail(expected, Shown(*value_)); }

void JsonReader::Fail(const std::string& expected, const std::string& found) const {
  throw Error(ErrorKind::kInput,
              fmt::format("{}: {}: expected {}, found {}", document_->file, path_, expected, found), kNext);
}

bool JsonReader::Has(std::string_view key) const {
  if (!value_->is_object()) Fail("an object");
  return value_->contains(key);
}

JsonReader JsonReader::At(std::string_view key) const {
  if (!Has(key)) Fail(fmt::format("a key \"{}\"", key), "none");
  asked_->emplace(key);
  return {document_, *value_->find(key), path_ + '.' + std::string(key)};
}

void JsonReader::RequireSchema(int known) const {
  const JsonReader version = At("schema_version");
  if (version.Int() > known) {
    throw Error(
        ErrorKind::kInput,
        fmt::format("{}: {}: expected {}, found {}", document_->file, version.path_, known, version.Int()),
        "a newer headspec wrote the file: read it with that one");
  }
  if (version.Int() != known) version.Fail(std::to_string(known));
}

void JsonReader::RefuseOtherKeys() const {
  for (const auto& [key, value] : value_->items()) {
    if (!asked_->contains(key)) Fail("known keys only", '"' + Truncate(OneLine(key), kShown) + '"');
  }
}

JsonReader JsonReader::Item(std::size_t index) const {
  return {document_, (*value_)[index], fmt::format("{}[{}]", path_, index)};
}

bool JsonReader::Bool() const {
  if (!value_->is_boolean()) Fail("true or false");
  return value_->get<bool>();
}

std::string JsonReader::String() const {
  if (!value_->is_string()) Fail("a string");
  return value_->get<std::string>();
}

std::string JsonReader::StringOrNull() const {
  if (IsNull()) return {};
  if (!value_->is_string()) Fail("a string or null");
  return value_->get<std::string>();
}

double JsonReader::Number() const {
  if (IsNull()) return std::numeric_limits<double>::quiet_NaN();
  if (!value_->is_number()) Fail("a number or null");
  return value_->get<double>();
}

std::int64_t JsonReader::Int64() const {
  const bool too_large =
      value_->is_number_unsigned() &&
      value_->get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int64_t>::max()};
  if (!value_->is_number_integer() || too_large) Fail("an integer");
  return value_->get<std::int64_t>();
}

int JsonReader::Int() const {
  const std::int64_t value = Int64();
  if (value < std::numeric_limits<int>::min() || value > std::numeric_limits<int>::max())
    Fail("an integer of 32 bits");
  return static_cast<int>(value);
}

int JsonReader::IndexOrNull() const { return IsNull() ? -1 : Int(); }

std::uint64_t JsonReader::Count() const {
  if (!value_->is_number_unsigned()) Fail("an integer from 0 on");
  return value_->get<std::uint64_t>();
}

std::vector<JsonReader> JsonReader::Items() const {
  if (!value_->is_array()) Fail("a list");
  std::vector<JsonReader> items;
  for (std::size_t i = 0; i < value_->size(); ++i) items.push_back(Item(i));
  return items;
}

std::vector<std::pair<std::string, JsonReader>> JsonReader::Members() const {
  if (!value_->is_object()) Fail("an object");
  std::vector<std::pair<std::string, JsonReader>> members;
  for (const auto& [key, value] : value_->items()) members.emplace_back(key, At(key));
  return members;
}

std::vector<std::string> JsonReader::Strings() const {
  std::vector<std::string> values;
  for (const JsonReader& item : Items()) values.push_back(item.String());
  return values;
}

std::vector<int> JsonReader::Ints() const {
  std::vector<int> values;
  for (const JsonReader& item : Items()) values.push_back(item.Int());
  return values;
}

// Tables of entropies are long: no reader for each number.
std::vector<double> JsonReader::Numbers() const {
  if (!value_->is_array()) Fail("a list");
  std::vector<double> values;
  for (std::size_t i = 0; i < value_->size(); ++i) {
    const Json& value = (*value_)[i];
    values.push_back(value.is_number() ? value.get<double>() : Item(i).Number());
  }
  return values;
}

Table JsonReader::Rows() const {
  Table table;
  for (const JsonReader& row : Items()) {
    table.push_back(row.Numbers());
    if (table.back().size() != table.front().size())
      row.Fail(fmt::format("{} numbers, as in the first row", table.front().size()));
  }
  return table;
}

Table JsonReader::Rows(std::size_t rows, std::size_t columns) const {
  Table table = Rows();
  if (table.size() != rows || (rows > 0 && table.front().size() != columns)) {
    Fail(fmt::format("{} rows of {}", rows, columns),
         fmt::format("{} rows of {}", table.size(), table.empty() ? 0 : table.front().size()));
  }
  return table;
}

}  // namespace headspec::report
