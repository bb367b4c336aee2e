// Against transformers 4.57.6: tests/golden/tokenizers*.json, made by tools/make_tokenizer_golden.py.
#include <gtest/gtest.h>

#include <array>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/error.h"
#include "text/hf_tokenizer.h"
#include "text/tokenizer.h"

namespace headspec::text {
namespace {

Json ReadGolden(const std::string& name) {
  std::ifstream stream(std::filesystem::path(HEADSPEC_TEST_DATA) / "golden" / name);
  return Json::parse(stream);
}

const Json& Golden() {
  static const Json golden = ReadGolden("tokenizers.json");
  return golden;
}

Tokenizer LoadData(const std::string& name) {
  return Tokenizer::Load(std::filesystem::path(HEADSPEC_TEST_DATA) / "data" / "tokenizers" / name);
}

void ExpectEveryId(const Json& golden, const std::string& folder) {
  const auto strings = golden.at("strings").get<std::vector<std::string>>();
  ASSERT_GE(strings.size(), 320U);
  for (const auto& [name, expected] : golden.at("tokenizers").items()) {
    const Tokenizer tokenizer = LoadData(folder + name);
    EXPECT_EQ(tokenizer.tokenizer_class(), expected.at("class_name")) << name;
    const auto ids = expected.at("ids").get<std::vector<std::vector<int>>>();
    ASSERT_EQ(ids.size(), strings.size()) << name;
    for (std::size_t i = 0; i < strings.size(); ++i) {
      const Encoded encoded = tokenizer.Encode(strings[i], 0);
      EXPECT_EQ(encoded.ids, ids[i]) << name << ": " << strings[i];
      EXPECT_EQ(encoded.tokens.size(), ids[i].size()) << name << ": " << strings[i];
    }
  }
}

void ExpectTruncation(const Json& truncated, const std::string& folder) {
  const int max_length = truncated.at("max_length").get<int>();
  const auto strings = truncated.at("strings").get<std::vector<std::string>>();
  for (const auto& [name, expected] : truncated.at("ids").items()) {
    const Tokenizer tokenizer = LoadData(folder + name);
    for (std::size_t i = 0; i < strings.size(); ++i) {
      const Encoded encoded = tokenizer.Encode(strings[i], max_length);
      EXPECT_EQ(encoded.ids, expected.at(i).get<std::vector<int>>()) << name << ": " << strings[i];
      EXPECT_EQ(encoded.truncated, tokenizer.Encode(strings[i], 0).ids.size() > encoded.ids.size())
          << strings[i];
    }
  }
}

TEST(GoldenTest, EveryIdOfEveryString) { ExpectEveryId(Golden(), ""); }

TEST(GoldenTest, TruncationCountsSpecialTokens) { ExpectTruncation(Golden().at("truncated"), ""); }

// What each family ships, around a small vocabulary: components, special tokens, configuration, older files.
TEST(GoldenTest, EveryFamilysTokenizer) {
  const Json golden = ReadGolden("tokenizers-small.json");
  ASSERT_GE(golden.at("tokenizers").size(), 36U);
  ExpectEveryId(golden, "small/");
  ExpectTruncation(golden.at("truncated"), "small/");
}

TEST(GoldenTest, ChatsOfRealCheckpoints) {
  for (const auto& [name, chats] : Golden().at("chat").items()) {
    const Tokenizer tokenizer = LoadData(name);
    ASSERT_TRUE(tokenizer.has_chat_template()) << name;
    for (const Json& chat : chats) {
      const std::string rendered = tokenizer.ApplyChatTemplate(chat.at("prompt").get<std::string>());
      EXPECT_EQ(rendered, chat.at("rendered")) << name;
      EXPECT_EQ(tokenizer.Encode(rendered, 0).ids, chat.at("ids").get<std::vector<int>>()) << name;
    }
  }
}

TEST(GoldenTest, TemplatesRenderAsInJinja) {
  ASSERT_GE(Golden().at("templates").size(), 40U);
  for (const Json& sample : Golden().at("templates")) {
    Json context = {{"tools", nullptr}, {"documents", nullptr}};
    for (const char* key : {"messages", "add_generation_prompt", "bos_token", "eos_token"}) {
      context[key] = sample.at(key);
    }
    std::string rendered;
    std::string error;
    try {
      rendered = RenderTemplate(sample.at("template").get<std::string>(), context, "F");
    } catch (const Error& failure) {
      error = failure.what();
    }
    const std::string expected_error = sample.contains("error") ? "chat template: refuses the prompt (" +
                                                                      sample["error"].get<std::string>() +
                                                                      ") in F; run with --no-chat-template"
                                                                : "";
    EXPECT_EQ(error, expected_error) << sample.at("name");
    EXPECT_EQ(rendered, sample.value("rendered", "")) << sample.at("name");
  }
}

// The golden files say <now:FORMAT> where transformers puts today's date.
std::string WithToday(std::string text) {
  const std::string mark = "<now:";
  for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at)) {
    const std::size_t end = text.find('>', at);
    const std::string format = text.substr(at + mark.size(), end - at - mark.size());
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    localtime_r(&now, &local);
    std::array<char, 100> today{};
    text.replace(at, end + 1 - at, today.data(),
                 std::strftime(today.data(), today.size(), format.c_str(), &local));
  }
  return text;
}

// `sample` holds rendered, error (the words of raise_exception) or fails (anything else).
void ExpectOutcome(const Json& sample, const std::string& source, const Json& messages,
                   bool add_generation_prompt) {
  const Json context = {{"messages", messages}, {"tools", nullptr},
                        {"documents", nullptr}, {"bos_token", "<s>"},
                        {"eos_token", "</s>"},  {"add_generation_prompt", add_generation_prompt}};
  std::string rendered;
  std::string error;
  try {
    rendered = RenderTemplate(source, context, "F");
  } catch (const Error& failure) {
    error = failure.what();
  }
  if (sample.contains("rendered")) {
    EXPECT_EQ(error, "") << source;
    EXPECT_EQ(rendered, WithToday(sample["rendered"].get<std::string>())) << source;
  } else if (sample.contains("error")) {
    EXPECT_EQ(error, "chat template: refuses the prompt (" + sample["error"].get<std::string>() +
                         ") in F; run with --no-chat-template")
        << source;
  } else {
    EXPECT_EQ(error.substr(0, 34), "chat template: cannot be rendered ")
        << source << sample.at("fails") << rendered;
  }
}

TEST(GoldenTest, TemplatesOfEveryFamily) {
  const Json golden = ReadGolden("templates.json");
  ASSERT_GE(golden.at("files").size(), 180U);
  for (const Json& sample : golden.at("files")) {
    SCOPED_TRACE(sample.at("name").get<std::string>() + " " + sample.at("conversation").get<std::string>());
    std::ifstream file(std::filesystem::path(HEADSPEC_TEST_DATA) / "golden" / "templates" /
                       sample["name"].get<std::string>());
    const std::string source{std::istreambuf_iterator<char>(file), {}};
    ExpectOutcome(sample, source, golden.at("conversations").at(sample["conversation"].get<std::string>()),
                  sample.at("add_generation_prompt").get<bool>());
  }
}

TEST(GoldenTest, WhatTemplatesUseOfJinja) {
  const Json golden = ReadGolden("templates.json");
  for (const Json& sample : golden.at("features")) {
    ExpectOutcome(sample, sample.at("template").get<std::string>(),
                  golden.at("conversations").at("system-user"), true);
  }
}

TEST(GoldenTest, WhatTheCallerAsksAboutRealCheckpoints) {
  EXPECT_EQ(LoadData("phi-2").max_id(), 50294);
  EXPECT_EQ(LoadData("phi-3-mini").max_id(), 32010);
  EXPECT_FALSE(LoadData("phi-3-mini").adds_bos());
  const Tokenizer llama = LoadData("llama2");
  EXPECT_TRUE(llama.adds_bos());
  EXPECT_FALSE(llama.has_chat_template());
  EXPECT_EQ(llama.Encode("the", 0).special_prefix, 1);
  EXPECT_EQ(llama.Encode("the", 0).tokens, (std::vector<std::string>{"<s>", "▁the"}));
  EXPECT_EQ(LoadData("phi-2").Encode(" the", 0).tokens, std::vector<std::string>{"Ġthe"});
}

}  // namespace
}  // namespace headspec::text
