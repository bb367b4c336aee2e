// Tokenizers small enough to know every id by heart, written to a folder of the test's own.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/error.h"
#include "error_of.h"
#include "temporary_folder.h"
#include "text/tokenizer.h"

namespace headspec::text {

using TestJson = nlohmann::ordered_json;

inline TestJson Added(const std::string& content, bool special = true) {
  return {{"content", content}, {"single_word", false}, {"lstrip", false},
          {"rstrip", false},    {"normalized", false},  {"special", special}};
}

inline TestJson AddedWithId(int id, const std::string& content) {
  TestJson token = {{"id", id}};
  token.update(Added(content));
  return token;
}

// [<s>] text [</s>], as a tokenizer.json writes it.
inline TestJson Bracketing() {
  return TestJson::parse(R"({"type": "TemplateProcessing",
      "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                 {"SpecialToken": {"id": "</s>", "type_id": 0}}],
      "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
      "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]},
                         "</s>": {"id": "</s>", "ids": [2], "tokens": ["</s>"]}}})");
}

inline TestJson Around(TestJson model) {
  return {{"version", "1.0"},
          {"truncation", nullptr},
          {"padding", nullptr},
          {"added_tokens", {AddedWithId(0, "<unk>"), AddedWithId(1, "<s>"), AddedWithId(2, "</s>")}},
          {"normalizer", nullptr},
          {"pre_tokenizer", nullptr},
          {"post_processor", nullptr},
          {"decoder", nullptr},
          {"model", std::move(model)}};
}

// Words between spaces: <unk> 0, <s> 1, </s> 2, a 3, b 4, c 5, d 6.
inline TestJson WordTokenizer() {
  TestJson tokenizer = Around(TestJson::parse(R"({"type": "WordLevel", "unk_token": "<unk>",
      "vocab": {"<unk>": 0, "<s>": 1, "</s>": 2, "a": 3, "b": 4, "c": 5, "d": 6}})"));
  tokenizer["pre_tokenizer"] = {{"type", "WhitespaceSplit"}};
  return tokenizer;
}

// Byte-level, each byte a token: a 3, b 4, space (Ġ) 5.
inline TestJson ByteTokenizer(bool add_prefix_space) {
  TestJson tokenizer = Around(TestJson::parse(R"({"type": "BPE", "merges": [],
      "vocab": {"<unk>": 0, "<s>": 1, "</s>": 2, "a": 3, "b": 4, "Ġ": 5}})"));
  tokenizer["pre_tokenizer"] = {{"type", "ByteLevel"},
                                {"add_prefix_space", add_prefix_space},
                                {"trim_offsets", true},
                                {"use_regex", true}};
  return tokenizer;
}

// As converted from SentencePiece: a 3, b 4, space (▁) 5.
inline TestJson PieceTokenizer() {
  TestJson tokenizer = Around(TestJson::parse(R"({"type": "BPE", "merges": [], "unk_token": "<unk>",
      "vocab": {"<unk>": 0, "<s>": 1, "</s>": 2, "a": 3, "b": 4, "▁": 5}})"));
  tokenizer["normalizer"] = TestJson::parse(R"({"type": "Sequence", "normalizers": [
      {"type": "Prepend", "prepend": "▁"},
      {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]})");
  return tokenizer;
}

class TokenizerTest : public TemporaryFolderTest {
 protected:
  void Write(const std::string& name, const std::string& bytes) const {
    TemporaryFolderTest::Write(name, bytes);
  }
  void Write(const std::string& name, const TestJson& json) const { Write(name, json.dump()); }
  void Write(const std::string& name, const char* bytes) const { Write(name, std::string(bytes)); }

  Tokenizer Load() const { return Tokenizer::Load(folder_); }
  std::vector<int> Ids(const std::string& text) const { return Load().Encode(text, 0).ids; }

  // The message, with this test's folder as DIR.
  template <typename Work>
  std::string ErrorOf(Work work) const {
    try {
      work();
    } catch (const Error& error) {
      return ReplaceAll(error.what(), folder_.string(), "DIR");
    }
    return "no error";
  }
  std::string LoadError() const {
    return ErrorOf([&] { Load(); });
  }
};

using Ints = std::vector<int>;

}  // namespace headspec::text
