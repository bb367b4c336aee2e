// Against transformers 4.57.6: tests/golden/tokenizers.json, made by tools/make_tokenizer_golden.py.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/error.h"
#include "text/hf_tokenizer.h"
#include "text/tokenizer.h"

namespace headspec::text {
namespace {

const Json& Golden() {
  static const Json golden = [] {
    std::ifstream stream(HEADSPEC_TEST_DATA "/golden/tokenizers.json");
    return Json::parse(stream);
  }();
  return golden;
}

Tokenizer LoadData(const std::string& name) {
  return Tokenizer::Load(std::filesystem::path(HEADSPEC_TEST_DATA) / "data" / "tokenizers" / name);
}

TEST(GoldenTest, EveryIdOfEveryString) {
  const auto strings = Golden().at("strings").get<std::vector<std::string>>();
  ASSERT_GE(strings.size(), 320U);
  for (const auto& [name, expected] : Golden().at("tokenizers").items()) {
    const Tokenizer tokenizer = LoadData(name);
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

TEST(GoldenTest, TruncationCountsSpecialTokens) {
  const Json& truncated = Golden().at("truncated");
  const int max_length = truncated.at("max_length").get<int>();
  const auto strings = truncated.at("strings").get<std::vector<std::string>>();
  for (const auto& [name, expected] : truncated.at("ids").items()) {
    const Tokenizer tokenizer = LoadData(name);
    for (std::size_t i = 0; i < strings.size(); ++i) {
      const Encoded encoded = tokenizer.Encode(strings[i], max_length);
      EXPECT_EQ(encoded.ids, expected.at(i).get<std::vector<int>>()) << name << ": " << strings[i];
      EXPECT_EQ(encoded.truncated, tokenizer.Encode(strings[i], 0).ids.size() > encoded.ids.size())
          << strings[i];
    }
  }
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
