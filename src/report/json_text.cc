#include "report/json_text.h"

#include <algorithm>
#include <cmath>

#include "report/text.h"

namespace headspec::report {
namespace {

using Json = nlohmann::ordered_json;

std::string Scalar(const Json& value) {
  if (value.is_number_float()) {
    const double number = value.get<double>();
    return std::isfinite(number) ? PythonFloat(number) : "null";
  }
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool IsRow(const Json& array) {
  return std::none_of(array.begin(), array.end(), [](const Json& item) { return item.is_structured(); });
}

void Append(std::string& text, const Json& value, std::size_t depth);

void AppendRow(std::string& text, const Json& array) {
  text += '[';
  const char* separator = "";
  for (const Json& item : array) {
    text += separator;
    text += Scalar(item);
    separator = ", ";
  }
  text += ']';
}

void AppendBlock(std::string& text, const Json& value, std::size_t depth) {
  const std::string indent(2 * (depth + 1), ' ');
  text += value.is_object() ? '{' : '[';
  const char* separator = "\n";
  for (const auto& [key, item] : value.items()) {
    text += separator;
    text += indent;
    if (value.is_object()) text += Scalar(Json(key)) + ": ";
    Append(text, item, depth + 1);
    separator = ",\n";
  }
  text += '\n' + std::string(2 * depth, ' ');
  text += value.is_object() ? '}' : ']';
}

void Append(std::string& text, const Json& value, std::size_t depth) {
  if (!value.is_structured()) {
    text += Scalar(value);
  } else if (value.is_object() && value.empty()) {
    text += "{}";
  } else if (value.is_array() && IsRow(value)) {
    AppendRow(text, value);
  } else {
    AppendBlock(text, value, depth);
  }
}

}  // namespace

std::string JsonText(const Json& value) {
  std::string text;
  Append(text, value, 0);
  text += '\n';
  return text;
}

}  // namespace headspec::report
