#include "core/json.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace headspec {

template <typename Json>
Json ParseJson(std::string_view text) {
  const auto shallow = [](int depth, typename Json::parse_event_t, const Json&) {
    if (depth > kDeepestJson)
      throw JsonError(JsonError::Kind::kTooDeep, fmt::format("nested deeper than {}", kDeepestJson));
    return true;
  };
  try {
    return Json::parse(text, shallow);
  } catch (const typename Json::exception& e) {
    throw JsonError(JsonError::Kind::kNotJson, JsonComplaint(e));
  }
}

template nlohmann::json ParseJson<nlohmann::json>(std::string_view text);
template nlohmann::ordered_json ParseJson<nlohmann::ordered_json>(std::string_view text);

std::string JsonComplaint(const std::exception& error) {
  const std::string text = error.what();  // "[json.exception.parse_error.101] parse error at line 1, ..."
  const auto end = text.find("] ");
  return text.starts_with("[json.") && end != std::string::npos ? text.substr(end + 2) : text;
}

}  // namespace headspec
