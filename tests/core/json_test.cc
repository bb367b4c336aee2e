// JSON read with distrust: what is accepted, how deep, and the words of a refusal.
#include "core/json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace headspec {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

std::string Nested(int levels, const std::string& inside) {
  std::string text;
  for (int i = 0; i < levels; ++i) text += i % 2 == 0 ? "[" : "{\"k\":";
  text += inside;
  for (int i = levels - 1; i >= 0; --i) text += i % 2 == 0 ? "]" : "}";
  return text;
}

template <typename Json>
std::string ComplaintOf(std::string_view text) {
  try {
    (void)ParseJson<Json>(text);
  } catch (const JsonError& error) {
    return (error.kind() == JsonError::Kind::kTooDeep ? "too deep: " : "not JSON: ") +
           std::string(error.what());
  }
  return "no error";
}

TEST(ParseJson, ReadsEveryKindOfValue) {
  const json value = ParseJson<json>(R"( {"a": [1, -2.5, "x", true, null], "b": {}} )");
  EXPECT_EQ(value, (json{{"a", {1, -2.5, "x", true, nullptr}}, {"b", json::object()}}));
}

TEST(ParseJson, KeepsTheOrderOfKeysIfAsked) {
  EXPECT_EQ(ParseJson<ordered_json>(R"({"b": 1, "a": 2})").dump(), R"({"b":1,"a":2})");
  EXPECT_EQ(ParseJson<json>(R"({"b": 1, "a": 2})").dump(), R"({"a":2,"b":1})");
}

TEST(ParseJson, ReadsAsDeepAsTheLimit) {
  EXPECT_EQ(ComplaintOf<json>(Nested(kDeepestJson, "1")), "no error");
  EXPECT_EQ(ComplaintOf<ordered_json>(Nested(kDeepestJson, "1")), "no error");
}

TEST(ParseJson, RefusesWhatNestsDeeper) {
  const std::string complaint = "too deep: nested deeper than 64";
  EXPECT_EQ(ComplaintOf<json>(Nested(kDeepestJson + 1, "1")), complaint);
  EXPECT_EQ(ComplaintOf<ordered_json>(Nested(kDeepestJson + 1, "1")), complaint);
  EXPECT_EQ(ComplaintOf<json>(Nested(kDeepestJson + 2, "")), complaint);
}

TEST(ParseJson, StopsAtTheLimitHoweverDeepTheTextGoes) {
  EXPECT_EQ(ComplaintOf<json>(std::string(2'000'000, '[')), "too deep: nested deeper than 64");
}

TEST(ParseJson, SaysWhatIsWrongWithoutTheNumberOfTheLibrary) {
  const std::string complaint = ComplaintOf<json>("{");
  EXPECT_TRUE(complaint.starts_with("not JSON: parse error at line 1, column 2: ")) << complaint;
  EXPECT_EQ(ComplaintOf<ordered_json>("{"), complaint);
}

TEST(ParseJson, RefusesWhatIsNoWholeValue) {
  for (const std::string text : {"", " ", "1 2", "[1,]", "nan", "{\"a\" 1}", "\"\xFF\"", "1e999"})
    EXPECT_TRUE(ComplaintOf<json>(text).starts_with("not JSON: ")) << text << ": " << ComplaintOf<json>(text);
}

}  // namespace
}  // namespace headspec
