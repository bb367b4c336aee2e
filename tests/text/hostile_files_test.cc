// Files that are not what they should be: the exact message of each.
#include <gtest/gtest.h>

#include <string>

#include "text/tiny_tokenizer.h"

namespace headspec::text {
namespace {

class HostileFilesTest : public TokenizerTest {
 protected:
  std::string TokenizerError(const std::string& bytes) const {
    Write("tokenizer.json", bytes);
    return LoadError();
  }
  std::string ConfigError(const std::string& bytes) const {
    Write("tokenizer.json", WordTokenizer());
    Write("tokenizer_config.json", bytes);
    return LoadError();
  }
};

constexpr const char* kConvert =
    "; download it, or convert once: python -c \"from transformers import AutoTokenizer as T; "
    "T.from_pretrained('DIR').save_pretrained('DIR')\"";

TEST_F(HostileFilesTest, NoTokenizerJson) {
  const std::string missing = "tokenizer.json: missing, and ";
  EXPECT_EQ(LoadError(), missing + "PreTrainedTokenizer is read from nothing else, in DIR" + kConvert);
  Write("tokenizer_config.json", R"({"tokenizer_class": "LlamaTokenizer"})");
  Write("tokenizer.model", "");
  EXPECT_EQ(LoadError(), missing +
                             "LlamaTokenizer is read from nothing else, in DIR, which has "
                             "tokenizer.model" +
                             kConvert);
  Write("tokenizer_config.json", R"({"tokenizer_class": "GPT2Tokenizer"})");
  Write("vocab.json", "{}");
  EXPECT_EQ(LoadError(), missing +
                             "GPT2Tokenizer is read from nothing else but vocab.json with "
                             "merges.txt, in DIR, which has vocab.json and tokenizer.model" +
                             kConvert);
  Write("tokenizer_config.json", R"({"tokenizer_class": "BertTokenizer"})");
  EXPECT_EQ(LoadError(), missing +
                             "BertTokenizer is read from nothing else but vocab.txt, in DIR, which "
                             "has vocab.json and tokenizer.model" +
                             kConvert);
}

TEST_F(HostileFilesTest, DamagedOlderFiles) {
  Write("tokenizer_config.json", R"({"tokenizer_class": "GPT2Tokenizer"})");
  const auto error = [&](const std::string& vocabulary, const std::string& merges) {
    Write("vocab.json", vocabulary);
    Write("merges.txt", merges);
    return LoadError();
  };
  const std::string again = "; download the file again";
  EXPECT_EQ(error("[]", ""), "vocab.json: not an object of token: id in DIR/vocab.json" + again);
  EXPECT_EQ(error(R"({"a": -1})", ""), "vocab.json: the id of a is not one in DIR/vocab.json" + again);
  EXPECT_EQ(error("{", "").substr(0, 22), "vocab.json: not JSON (");
  EXPECT_EQ(error(R"({"a": 0})", "#version\na\n"),
            "merges.txt: line 2 is not two tokens in DIR/merges.txt" + again);
  EXPECT_EQ(error(R"({"a": 0})", "#version\na \xFF\n"),
            "merges.txt in DIR: not UTF-8 at byte offset 11; save it as UTF-8");
  EXPECT_EQ(error(R"({"a": 0})", "#version\na b\n").substr(0, 60),
            "tokenizer.json: not a tokenizer of the tokenizers library (T");
}

TEST_F(HostileFilesTest, GitLfsPointer) {
  EXPECT_EQ(TokenizerError("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n"),
            "tokenizer.json: a Git-LFS pointer instead of the file in DIR/tokenizer.json; run git lfs pull "
            "there, or "
            "download the file again");
}

TEST_F(HostileFilesTest, NotAFile) {
  std::filesystem::create_directory(folder_ / "tokenizer.json");
  EXPECT_EQ(
      LoadError(),
      "tokenizer.json: cannot be read in DIR/tokenizer.json; check that it is a file and its permissions");
}

TEST_F(HostileFilesTest, NotJson) {
  constexpr const char* kEnd = " in DIR/tokenizer.json; download the file again";
  EXPECT_EQ(TokenizerError(""),
            std::string("tokenizer.json: not JSON (EOF while parsing a value at line 1 column 0)") + kEnd);
  EXPECT_EQ(TokenizerError("<html>"),
            std::string("tokenizer.json: not JSON (expected value at line 1 column 1)") + kEnd);
  const std::string whole = WordTokenizer().dump();
  EXPECT_EQ(TokenizerError(whole.substr(0, 100)),
            std::string("tokenizer.json: not JSON (EOF while parsing a string at line 1 column 100)") + kEnd);
  EXPECT_EQ(TokenizerError(whole + "x"), "tokenizer.json: not JSON (trailing characters at line 1 column " +
                                             std::to_string(whole.size() + 1) + ")" + kEnd);
  EXPECT_EQ(TokenizerError("{\"version\": \"\xFF\"}"),
            std::string("tokenizer.json: not JSON (invalid unicode code point at line 1 column 14)") + kEnd);
  EXPECT_EQ(TokenizerError("{\"normalizer\": " + std::string(100000, '[')),
            std::string("tokenizer.json: not JSON (recursion limit exceeded at line 1 column 142)") + kEnd);
}

TEST_F(HostileFilesTest, NotATokenizer) {
  constexpr const char* kStart = "tokenizer.json: not a tokenizer of the tokenizers library (";
  constexpr const char* kEnd = ") in DIR/tokenizer.json; download the file again";
  EXPECT_EQ(
      TokenizerError("[]"),
      std::string(kStart) + "invalid type: sequence, expected struct Tokenizer at line 1 column 2" + kEnd);
  EXPECT_EQ(TokenizerError("{}"), std::string(kStart) + "Model missing. at line 1 column 2" + kEnd);
  EXPECT_EQ(TokenizerError(R"({"version": "2.0"})"),
            std::string(kStart) + "Unknown tokenizer version '2.0' at line 1 column 18" + kEnd);
  TestJson tokenizer = WordTokenizer();
  tokenizer["added_tokens"] = 3;
  EXPECT_EQ(
      TokenizerError(tokenizer.dump()),
      std::string(kStart) + "invalid type: integer `3`, expected a sequence at line 1 column 66" + kEnd);
  tokenizer = WordTokenizer();
  tokenizer["model"]["vocab"] = TestJson::object();
  tokenizer["added_tokens"] = TestJson::array();
  EXPECT_EQ(TokenizerError(tokenizer.dump()), std::string(kStart) + "the vocabulary is empty" + kEnd);
  tokenizer["model"]["vocab"] = {{"a", 4294967290}};
  EXPECT_EQ(TokenizerError(tokenizer.dump()),
            std::string(kStart) + "token id 4294967290 is larger than any vocabulary" + kEnd);
}

TEST_F(HostileFilesTest, ConfigIsNotJson) {
  EXPECT_EQ(
      ConfigError("{x"),
      "tokenizer_config.json: not JSON (parse error at line 1, column 2: syntax error while parsing object "
      "key - "
      "invalid literal; last read: '{x'; expected string literal) in DIR/tokenizer_config.json; download the "
      "file again");
  EXPECT_EQ(
      ConfigError("[]"),
      "tokenizer_config.json: the document: expected an object, found array in DIR/tokenizer_config.json; "
      "download the file again");
  EXPECT_EQ(
      ConfigError(R"({"x": )" + std::string(200000, '[')),
      "tokenizer_config.json: nested deeper than 64 in DIR/tokenizer_config.json; download the file again");
}

struct WrongField {
  const char* name;
  const char* config;
  const char* complaint;
};

std::ostream& operator<<(std::ostream& out, const WrongField& row) { return out << row.name; }

class WrongFieldTest : public TokenizerTest, public testing::WithParamInterface<WrongField> {};

TEST_P(WrongFieldTest, IsNamed) {
  Write("tokenizer.json", WordTokenizer());
  Write("tokenizer_config.json", GetParam().config);
  EXPECT_EQ(LoadError(), std::string("tokenizer_config.json: ") + GetParam().complaint +
                             " in DIR/tokenizer_config.json; download the file again");
}

INSTANTIATE_TEST_SUITE_P(
    Fields, WrongFieldTest,
    testing::Values(
        WrongField{"TokenizerClass", R"({"tokenizer_class": 3})",
                   "tokenizer_class: expected a string, found number"},
        WrongField{"AddBos", R"({"tokenizer_class": "LlamaTokenizer", "add_bos_token": "yes"})",
                   "add_bos_token: expected true or false, found \"yes\""},
        WrongField{"PrefixSpace", R"({"add_prefix_space": 1})",
                   "add_prefix_space: expected true or false, found number"},
        WrongField{"TruncationSide", R"({"truncation_side": "middle"})",
                   "truncation_side: expected \"left\" or \"right\", found \"middle\""},
        WrongField{"BosToken", R"({"bos_token": 1})",
                   "bos_token: expected a string or an AddedToken object, found number"},
        WrongField{"BosContent", R"({"bos_token": {"lstrip": true}})",
                   "bos_token.content: expected a string, found null"},
        WrongField{"BosFlag", R"({"bos_token": {"content": "<s>", "lstrip": "no"}})",
                   "bos_token.lstrip: expected true or false, found \"no\""},
        WrongField{"Additional", R"({"additional_special_tokens": "x"})",
                   "additional_special_tokens: expected a list, found \"x\""},
        WrongField{"AdditionalItem", R"({"additional_special_tokens": ["x", []]})",
                   "additional_special_tokens[1]: expected a string or an AddedToken object, found array"},
        WrongField{"Decoder", R"({"added_tokens_decoder": []})",
                   "added_tokens_decoder: expected an object, found array"},
        WrongField{"DecoderKey", R"({"added_tokens_decoder": {"7x": {"content": "x"}}})",
                   "added_tokens_decoder: expected token ids as keys, found \"7x\""},
        WrongField{"DecoderToken", R"({"added_tokens_decoder": {"7": "x"}})",
                   "added_tokens_decoder.7: expected an object, found \"x\""},
        WrongField{"Extra", R"({"extra_special_tokens": ["x"]})",
                   "extra_special_tokens: expected an object, found array"},
        WrongField{"Template", R"({"chat_template": 7})",
                   "chat_template: expected a template string or a list of them, found number"},
        WrongField{"TemplateItem", R"({"chat_template": [{"name": "default"}]})",
                   "chat_template: expected objects with name and template, found object"},
        WrongField{"TemplateSource", R"({"chat_template": [{"name": "default", "template": null}]})",
                   "chat_template.default: expected a template string, found null"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_F(HostileFilesTest, SettingsThatCannotBeMet) {
  EXPECT_EQ(ConfigError(R"({"tokenizer_class": "LlamaTokenizer", "bos_token": null})"),
            "tokenizer_config.json: bos_token is to be added to every text, but is null or empty in "
            "DIR/tokenizer_config.json; set bos_token, or add_bos_token to false");
  EXPECT_EQ(ConfigError(R"({"tokenizer_class": "CodeGenTokenizer", "add_bos_token": true})"),
            "tokenizer_config.json: add_bos_token: CodeGenTokenizer cannot add one in "
            "DIR/tokenizer_config.json; set "
            "add_bos_token to false");
  const std::string next =
      "; choose another model, or if tokenizer.json alone gives its ids, set tokenizer_class to "
      "PreTrainedTokenizerFast in tokenizer_config.json";
  EXPECT_EQ(ConfigError(R"({"tokenizer_class": "T5Tokenizer"})"),
            "tokenizer_config.json: tokenizer_class: the token rules of T5Tokenizer are not known in "
            "DIR/tokenizer_config.json" +
                next);
  Write("config.json", R"({"model_type": "unheard_of"})");
  EXPECT_EQ(ConfigError("{}"),
            "config.json: model_type: the token rules of unheard_of are not known in DIR/config.json" + next);
}

TEST_F(HostileFilesTest, NeighbouringFiles) {
  Write("tokenizer.json", WordTokenizer());
  Write("added_tokens.json", R"({"<x>": "7"})");
  EXPECT_EQ(LoadError(),
            "added_tokens.json: <x>: expected a token id, found \"7\" in DIR/added_tokens.json; download the "
            "file again");
  Write("added_tokens.json", "{}");
  Write("special_tokens_map.json", R"({"eos_token": 2})");
  EXPECT_EQ(LoadError(),
            "special_tokens_map.json: eos_token: expected a string or an AddedToken object, found number in "
            "DIR/special_tokens_map.json; download the file again");
  Write("special_tokens_map.json", "{}");
  Write("chat_template.jinja", "a\xFF");
  EXPECT_EQ(LoadError(), "chat_template.jinja in DIR: not UTF-8 at byte offset 1; save it as UTF-8");
}

TEST_F(HostileFilesTest, APanicInTheLibraryIsAnError) {
  TestJson tokenizer = WordTokenizer();
  tokenizer["pre_tokenizer"] = {{"type", "FixedLength"}, {"length", 0}};
  Write("tokenizer.json", tokenizer);
  EXPECT_EQ(ErrorOf([&] { Load().Encode("a", 0); }),
            "prompt: cannot be encoded (the library panicked: chunk size must be non-zero) with "
            "DIR/tokenizer.json; "
            "raise --max-length, or compare with a fresh download of the file");
}

}  // namespace
}  // namespace headspec::text
