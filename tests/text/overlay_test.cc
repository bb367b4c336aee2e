// One test for each thing transformers does to a tokenizer after reading tokenizer.json.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "text/tiny_tokenizer.h"

namespace headspec::text {
namespace {

class OverlayTest : public TokenizerTest {
 protected:
  void WriteConfig(const TestJson& config) const { Write("tokenizer_config.json", config); }
};

TEST_F(OverlayTest, TokensOfTheConfigAreAdded) {
  Write("tokenizer.json", WordTokenizer());
  WriteConfig({{"added_tokens_decoder", {{"7", Added("<new>")}}}});
  EXPECT_EQ(Ids("a<new>"), (Ints{3, 7}));
  EXPECT_EQ(Load().max_id(), 7);
}

TEST_F(OverlayTest, NewTokensTakeTheNextIdWhateverTheConfigSays) {
  Write("tokenizer.json", WordTokenizer());
  WriteConfig({{"added_tokens_decoder", {{"90", Added("<second>")}, {"20", Added("<first>")}}}});
  EXPECT_EQ(Ids("<first><second>"), (Ints{7, 8}));
}

TEST_F(OverlayTest, FlagsOfTheConfigReplaceTheFiles) {
  Write("tokenizer.json", ByteTokenizer(false));
  EXPECT_EQ(Ids("a <s>"), (Ints{3, 5, 1}));
  TestJson token = Added("<s>");
  token["lstrip"] = true;
  WriteConfig({{"added_tokens_decoder", {{"1", token}}}});
  EXPECT_EQ(Ids("a <s>"), (Ints{3, 1}));
}

TEST_F(OverlayTest, AKnownTokenTurnsSpecialWhenASpecialTokenHasItsName) {
  TestJson tokenizer = WordTokenizer();
  tokenizer["added_tokens"][2]["special"] = false;
  Write("tokenizer.json", tokenizer);
  // split_special_tokens shows which tokens are special: those are no longer found in the text.
  TestJson config = {{"split_special_tokens", true}, {"added_tokens_decoder", {{"2", Added("</s>", false)}}}};
  WriteConfig(config);
  EXPECT_EQ(Ids("a</s>"), (Ints{3, 2}));
  config["eos_token"] = "</s>";
  WriteConfig(config);
  EXPECT_EQ(Ids("a</s>"), Ints{0});
}

TEST_F(OverlayTest, SpecialTokensMissingFromTheVocabularyAreAdded) {
  Write("tokenizer.json", WordTokenizer());
  TestJson stripping = Added("<mask>");
  stripping["__type"] = "AddedToken";
  WriteConfig({{"pad_token", "<pad>"},
               {"bos_token", "<bos>"},
               {"mask_token", stripping},
               {"additional_special_tokens", {"<x>", Added("<y>")}},
               {"extra_special_tokens", {{"image_token", "<image>"}}}});
  EXPECT_EQ(Ids("<bos> <pad> <mask> <x> <y> <image>"), (Ints{7, 8, 9, 10, 11, 12}));
}

TEST_F(OverlayTest, ClassDefaultsAreSpecialTokensUnlessTheConfigSaysNull) {
  Write("tokenizer.json", WordTokenizer());
  WriteConfig({{"tokenizer_class", "GPT2Tokenizer"}});
  EXPECT_EQ(Ids("<|endoftext|>"), Ints{7});
  WriteConfig({{"tokenizer_class", "GPT2Tokenizer"},
               {"bos_token", nullptr},
               {"eos_token", nullptr},
               {"unk_token", "<unk>"}});
  EXPECT_EQ(Load().max_id(), 6);
  WriteConfig({{"tokenizer_class", "CodeLlamaTokenizer"}});
  EXPECT_EQ(Ids("▁<PRE> ▁<EOT>"), (Ints{1, 7, 10}));
  WriteConfig({{"tokenizer_class", "BloomTokenizerFast"}});
  EXPECT_EQ(Ids("<pad>"), Ints{7});
}

TEST_F(OverlayTest, OlderFilesCountOnlyWithoutAddedTokensDecoder) {
  Write("tokenizer.json", WordTokenizer());
  Write("special_tokens_map.json", R"({"pad_token": {"content": "<pad>"}, "bos_token": "<bos>"})");
  Write("added_tokens.json", R"({"<old>": 7})");
  WriteConfig({{"bos_token", "<s>"}});
  EXPECT_EQ(Load().max_id(), 9);
  EXPECT_EQ(Ids("<old><bos><pad>"), (Ints{7, 8, 9}));
  WriteConfig({{"bos_token", "<s>"}, {"added_tokens_decoder", TestJson::object()}});
  EXPECT_EQ(Load().max_id(), 6);
}

TEST_F(OverlayTest, AddedTokensJsonIsFiledUnderTheWrongNameAsInTransformers) {
  Write("tokenizer.json", WordTokenizer());
  Write("special_tokens_map.json",
        R"({"eos_token": "<end>", "additional_special_tokens": ["<start>", "<end>"]})");
  Write("added_tokens.json", R"({"<end>": 7, "<start>": 8})");
  Write("chat_template.jinja", "{{ eos_token }}");
  EXPECT_EQ(Load().ApplyChatTemplate("x"), "<start>");
}

TEST_F(OverlayTest, ThePadTokenOfTheFileIsADefault) {
  TestJson tokenizer = WordTokenizer();
  tokenizer["padding"] = {
      {"strategy", "BatchLongest"}, {"direction", "Right"}, {"pad_to_multiple_of", nullptr}, {"pad_id", 9},
      {"pad_type_id", 0},           {"pad_token", "<pad>"}};
  Write("tokenizer.json", tokenizer);
  EXPECT_EQ(Load().max_id(), 7);
  WriteConfig({{"pad_token", nullptr}});
  EXPECT_EQ(Load().max_id(), 6);
  WriteConfig({{"tokenizer_class", "GPTNeoXTokenizer"},
               {"eos_token", "</s>"},
               {"bos_token", "<s>"},
               {"unk_token", "a"}});
  EXPECT_EQ(Load().max_id(), 6);
}

TEST_F(OverlayTest, AddPrefixSpaceOfTheConfigWins) {
  Write("tokenizer.json", ByteTokenizer(true));
  EXPECT_EQ(Ids("a"), Ints{3}) << "absent means false";
  WriteConfig({{"add_prefix_space", true}});
  EXPECT_EQ(Ids("a"), (Ints{5, 3}));
  WriteConfig({{"add_prefix_space", nullptr}});
  EXPECT_EQ(Ids("a"), (Ints{5, 3})) << "None cannot be given to ByteLevel, and the failure is swallowed";
  WriteConfig({{"tokenizer_class", "LlamaTokenizer"}, {"add_bos_token", false}});
  EXPECT_EQ(Ids("a"), (Ints{5, 3})) << "Llama's default is None";
  Write("tokenizer.json", ByteTokenizer(false));
  WriteConfig({{"add_prefix_space", true}});
  EXPECT_EQ(Ids("a"), (Ints{5, 3}));
}

TEST_F(OverlayTest, AddPrefixSpaceReachesIntoASequenceForBloomAndCohereOnly) {
  TestJson tokenizer = ByteTokenizer(false);
  const TestJson inner = tokenizer["pre_tokenizer"];
  tokenizer["pre_tokenizer"] = {{"type", "Sequence"}, {"pretokenizers", {inner}}};
  Write("tokenizer.json", tokenizer);
  WriteConfig({{"tokenizer_class", "PreTrainedTokenizerFast"}, {"add_prefix_space", true}});
  EXPECT_EQ(Ids("a"), Ints{3});
  WriteConfig({{"tokenizer_class", "BloomTokenizerFast"}, {"add_prefix_space", true}});
  EXPECT_EQ(Ids("a"), (Ints{5, 3}));
  WriteConfig(
      {{"tokenizer_class", "CohereTokenizerFast"}, {"add_prefix_space", true}, {"add_bos_token", false}});
  EXPECT_EQ(Ids("a"), (Ints{5, 3}));
}

TEST_F(OverlayTest, AddPrefixSpaceRebuildsALlamaTokenizer) {
  Write("tokenizer.json", PieceTokenizer());
  const auto ids = [&](const TestJson& prefix_space, const TestJson& legacy) {
    WriteConfig({{"tokenizer_class", "LlamaTokenizer"},
                 {"add_bos_token", false},
                 {"add_prefix_space", prefix_space},
                 {"legacy", legacy}});
    return Ids("a<s>a");
  };
  EXPECT_EQ(ids(nullptr, nullptr), (Ints{5, 3, 1, 5, 3})) << "the file's own normalizer";
  EXPECT_EQ(ids(true, nullptr), (Ints{5, 3, 1, 5, 3}));
  EXPECT_EQ(ids(false, nullptr), (Ints{3, 1, 3}));
  EXPECT_EQ(ids(true, false), (Ints{5, 3, 1, 3})) << "Metaspace, on the first piece only";
  EXPECT_EQ(ids(false, false), (Ints{3, 1, 3}));
}

TEST_F(OverlayTest, AddPrefixSpaceLeavesAByteLevelLlamaAlone) {
  Write("tokenizer.json", ByteTokenizer(false));
  WriteConfig({{"tokenizer_class", "LlamaTokenizer"}, {"add_bos_token", false}, {"add_prefix_space", false}});
  EXPECT_EQ(Ids("a b"), (Ints{3, 5, 4}));
}

TEST_F(OverlayTest, ASpaceBeforeTheMaskBelongsToIt) {
  Write("tokenizer.json", ByteTokenizer(false));
  WriteConfig({{"tokenizer_class", "RobertaTokenizer"}, {"pad_token", nullptr}});
  EXPECT_EQ(Ids("a <mask> a"), (Ints{3, 6, 5, 3}));
  WriteConfig({{"tokenizer_class", "XLMRobertaTokenizer"}, {"pad_token", nullptr}, {"mask_token", "b"}});
  EXPECT_EQ(Ids("a b a"), (Ints{3, 4, 5, 3}));
  WriteConfig(
      {{"tokenizer_class", "XLMRobertaTokenizer"}, {"pad_token", nullptr}, {"mask_token", Added("b")}});
  EXPECT_EQ(Ids("a b a"), (Ints{3, 5, 4, 5, 3}));
}

TEST_F(OverlayTest, TheLastLineOfMergesIsDroppedWithoutALineEnd) {
  WriteConfig(
      {{"tokenizer_class", "GPT2Tokenizer"}, {"unk_token", "a"}, {"bos_token", "a"}, {"eos_token", "a"}});
  Write("vocab.json", R"({"a": 0, "b": 1, "c": 2, "bb": 3, "cc": 4})");
  Write("merges.txt", "anything\r\nb b\r\nb b\rc c");
  EXPECT_EQ(Ids("bbcc"), (Ints{3, 2, 2}));
  WriteConfig({{"tokenizer_class", "Qwen2Tokenizer"},
               {"eos_token", "a"},
               {"pad_token", "a"},
               {"unk_token", nullptr}});
  Write("merges.txt", "b b\n\nc c");
  EXPECT_EQ(Ids("bbcc"), (Ints{3, 4}));
}

TEST_F(OverlayTest, MistralsPatternIsFixedWhenTheConfigAsks) {
  std::string vocabulary = R"("<unk>": 0, "12": 1, "1": 2, "2": 3)";
  for (int id = 4; id <= 100000; ++id) vocabulary += fmt::format(R"(, "x{0}": {0})", id);
  Write("tokenizer.json", R"({"version": "1.0", "added_tokens": [], "pre_tokenizer": {"type": "Sequence",
      "pretokenizers": [{"type": "Split", "pattern": {"String": " "}, "behavior": "Removed", "invert": false}]},
      "model": {"type": "WordLevel", "unk_token": "<unk>", "vocab": {)" +
                              vocabulary + "}}}");
  const auto ids = [&](const std::string& config, bool fix) {
    Write("config.json", config);
    WriteConfig({{"tokenizer_class", "PreTrainedTokenizerFast"}, {"fix_mistral_regex", fix}});
    return Ids("12");
  };
  EXPECT_EQ(ids(R"({"model_type": "mistral", "transformers_version": "4.52.4"})", true), (Ints{2, 3}));
  EXPECT_EQ(ids(R"({"model_type": "mistral", "transformers_version": "4.52.4"})", false), Ints{1});
  EXPECT_EQ(ids(R"({"model_type": "llama", "transformers_version": "4.57.2"})", true), Ints{1});
  EXPECT_EQ(ids(R"({"model_type": "llama", "transformers_version": "4.57.3"})", true), (Ints{2, 3}));
  EXPECT_EQ(ids(R"({"model_type": "mistral", "transformers_version": "5.0.0"})", true), Ints{1});
  EXPECT_EQ(ids("{}", true), (Ints{2, 3}));
}

TEST_F(OverlayTest, TruncationSideOfTheFileIsADefault) {
  TestJson tokenizer = WordTokenizer();
  tokenizer["truncation"] = {
      {"direction", "Left"}, {"max_length", 9}, {"strategy", "LongestFirst"}, {"stride", 0}};
  Write("tokenizer.json", tokenizer);
  EXPECT_EQ(Load().Encode("a b", 1).ids, Ints{4});
  WriteConfig({{"truncation_side", "right"}});
  EXPECT_EQ(Load().Encode("a b", 1).ids, Ints{3});
}

// Class and config, and what becomes of "a" when tokenizer.json says <s> a </s>.
struct PostProcessing {
  const char* name;
  const char* config;
  Ints ids;
};

std::ostream& operator<<(std::ostream& out, const PostProcessing& row) { return out << row.name; }

class PostProcessorTest : public TokenizerTest, public testing::WithParamInterface<PostProcessing> {};

TEST_P(PostProcessorTest, FollowsTheClass) {
  TestJson tokenizer = WordTokenizer();
  tokenizer["post_processor"] = Bracketing();
  Write("tokenizer.json", tokenizer);
  Write("tokenizer_config.json", GetParam().config);
  EXPECT_EQ(Ids("a"), GetParam().ids);
}

INSTANTIATE_TEST_SUITE_P(
    Classes, PostProcessorTest,
    testing::Values(
        PostProcessing{"BaseKeepsTheFile", R"({"add_bos_token": false})", {1, 3, 2}},
        PostProcessing{"Version5KeepsTheFile", R"({"tokenizer_class": "TokenizersBackend"})", {1, 3, 2}},
        PostProcessing{
            "Gpt2KeepsTheFile", R"({"tokenizer_class": "GPT2Tokenizer", "add_bos_token": false})", {1, 3, 2}},
        PostProcessing{"Qwen2KeepsTheFile", R"({"tokenizer_class": "Qwen2TokenizerFast"})", {1, 3, 2}},
        PostProcessing{"LlamaDefault", R"({"tokenizer_class": "LlamaTokenizer"})", {1, 3}},
        PostProcessing{"LlamaFast", R"({"tokenizer_class": "LlamaTokenizerFast"})", {1, 3}},
        PostProcessing{
            "LlamaWithoutBos", R"({"tokenizer_class": "LlamaTokenizer", "add_bos_token": false})", {3}},
        PostProcessing{
            "LlamaNullIsFalse", R"({"tokenizer_class": "LlamaTokenizer", "add_bos_token": null})", {3}},
        PostProcessing{
            "LlamaWithEos", R"({"tokenizer_class": "LlamaTokenizer", "add_eos_token": true})", {1, 3, 2}},
        PostProcessing{
            "LlamaNamedBos",
            R"({"tokenizer_class": "LlamaTokenizer", "bos_token": {"content": "b", "__type": "AddedToken"}})",
            {4, 3}},
        PostProcessing{"CodeLlamaDefault", R"({"tokenizer_class": "CodeLlamaTokenizer"})", {1, 3}},
        PostProcessing{"GemmaDefault", R"({"tokenizer_class": "GemmaTokenizer"})", {7, 3}},
        PostProcessing{"GemmaNamed", R"({"tokenizer_class": "GemmaTokenizer", "bos_token": "<s>"})", {1, 3}},
        PostProcessing{"CohereDefault", R"({"tokenizer_class": "CohereTokenizerFast"})", {7, 3}},
        PostProcessing{"NeoxDefault", R"({"tokenizer_class": "GPTNeoXTokenizer"})", {3}},
        PostProcessing{
            "NeoxBoth",
            R"({"tokenizer_class": "GPTNeoXTokenizer", "add_bos_token": true, "add_eos_token": true,
                           "bos_token": "<s>", "eos_token": "</s>"})",
            {1, 3, 2}}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_F(OverlayTest, PrefixIsWhatThePostProcessorPutsInFront) {
  Write("tokenizer.json", WordTokenizer());
  EXPECT_FALSE(Load().adds_bos());
  WriteConfig({{"tokenizer_class", "LlamaTokenizer"}, {"add_bos_token", false}, {"add_eos_token", true}});
  EXPECT_FALSE(Load().adds_bos());
  WriteConfig({{"tokenizer_class", "LlamaTokenizer"}});
  EXPECT_TRUE(Load().adds_bos());
  EXPECT_EQ(Load().Encode("a b c", 2).ids, (Ints{1, 3}));
}

TEST_F(OverlayTest, TheClassComesFromTheFirstFileThatNamesIt) {
  Write("tokenizer.json", WordTokenizer());
  EXPECT_EQ(Load().tokenizer_class(), "PreTrainedTokenizerFast");
  const auto with_model_type = [&](const char* model_type) {
    Write("config.json", TestJson{{"model_type", model_type}});
    return Load().tokenizer_class();
  };
  EXPECT_EQ(with_model_type("mistral"), "LlamaTokenizerFast");
  EXPECT_EQ(with_model_type("gemma2"), "GemmaTokenizerFast");
  EXPECT_EQ(with_model_type("gpt_neox"), "GPTNeoXTokenizerFast");
  EXPECT_EQ(with_model_type("phi"), "CodeGenTokenizerFast");
  EXPECT_EQ(with_model_type("phi3"), "LlamaTokenizerFast");
  EXPECT_EQ(with_model_type("falcon"), "PreTrainedTokenizerFast");
  EXPECT_EQ(with_model_type("roberta"), "RobertaTokenizerFast");
  Write("config.json", R"({"model_type": "llama", "tokenizer_class": "GemmaTokenizer"})");
  EXPECT_EQ(Load().tokenizer_class(), "GemmaTokenizerFast");
  WriteConfig({{"tokenizer_class", "GPT2TokenizerFast"}});
  EXPECT_EQ(Load().tokenizer_class(), "GPT2TokenizerFast");
}

}  // namespace
}  // namespace headspec::text
