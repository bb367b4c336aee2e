// What tokens are marked as, with real tokenizers of four kinds and the chat templates around them.
#include "experiment/token_roles.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "experiment/subject_of.h"
#include "golden.h"
#include "temporary_folder.h"

namespace headspec::experiment {
namespace {

namespace fs = std::filesystem;
using text::Encoded;
using text::Tokenizer;
using Roles = std::vector<std::string>;

Tokenizer LoadData(const std::string& name) {
  return Tokenizer::Load(fs::path(HEADSPEC_TEST_DATA) / "data" / "tokenizers" / name);
}

Roles RawRoles(const Tokenizer& tokenizer, const std::string& prompt) {
  return TokenRoles(tokenizer.Encode(prompt, 0), tokenizer.bos_id(), {prompt});
}

// Each run of one role: "bos(<s>) text(▁a ▁b)".
std::string Runs(const Roles& roles, const std::vector<std::string>& tokens) {
  std::string runs;
  for (std::size_t i = 0; i < roles.size(); ++i) {
    const bool is_new = i == 0 || roles[i - 1] != roles[i];
    if (is_new) runs += (i == 0 ? "" : ") ") + roles[i] + "(" + tokens[i];
    if (!is_new) runs += " " + tokens[i];
  }
  return runs + ")";
}

TEST(TokenRoles, OfPromptsAlone) {
  EXPECT_EQ(RawRoles(LoadData("llama2"), "the"), (Roles{"bos", "text"}));
  EXPECT_EQ(RawRoles(LoadData("phi-2"), "the capital"), (Roles{"text", "text"}));
  EXPECT_EQ(RawRoles(LoadData("small/bert"), "a b"), (Roles{"special", "text", "text", "special"}));
  EXPECT_EQ(RawRoles(LoadData("small/roberta"), "a"), (Roles{"bos", "text", "special"}));
  EXPECT_EQ(RawRoles(LoadData("small/opt"), "a"), (Roles{"bos", "text"}));
  EXPECT_EQ(RawRoles(LoadData("small/mixtral-metaspace"), "a").back(), "special");
}

TEST(TokenRoles, SpecialTokensThatAPromptHoldsAreText) {
  EXPECT_EQ(RawRoles(LoadData("llama2"), "<s> the"), (Roles{"bos", "text", "text"}));
  EXPECT_EQ(RawRoles(LoadData("phi-2"), "<|endoftext|>"), Roles{"text"});
}

TEST(TokenRoles, OfATemplateThatSwallowsBlanks) {
  // "<|user|>\n" takes the blanks behind it.
  const std::string rendered = "<|user|>\n  The answer<|end|>\n<|assistant|>\n";
  const Tokenizer tokenizer = LoadData("phi-3-mini");
  ASSERT_EQ(tokenizer.ApplyChatTemplate("  The answer"), rendered);
  const std::vector<text::TextRange> prompt = {{9, 21}};
  const Encoded encoded = tokenizer.Encode(rendered, 0);
  EXPECT_EQ(Runs(TokenRoles(encoded, tokenizer.bos_id(), {rendered, &prompt}), encoded.tokens),
            "template(<|user|>\n  ) text(▁The ▁answer) template(<|end|>\n <|assistant|>\n)");
}

// A checkpoint with a template of the test's own.
class TemplateRoles : public TemporaryFolderTest {
 protected:
  void SetUp() override {
    TemporaryFolderTest::SetUp();
    fs::copy(golden::Folder() / "checkpoints" / "phi-mha", folder_ / "m");
    for (const auto& file : fs::directory_iterator(folder_ / "m"))
      fs::permissions(file.path(), fs::perms::owner_write, fs::perm_options::add);
  }
  TokenisedPrompts Tokenised(const std::string& chat_template, const std::string& prompt,
                             int max_length = 128) const {
    const fs::path file = folder_ / "m" / "tokenizer_config.json";
    nlohmann::json config = golden::ReadJson(file);
    config["chat_template"] = chat_template;
    std::ofstream(file) << config;
    const Subject subject =
        SubjectOf({.name = "m", .path = (folder_ / "m").string(), .display = "m", .size = ""});
    return Tokenise(subject, {prompt}, max_length, true);
  }
  static std::string RunsOf(const TokenisedPrompts& prompts) {
    return Runs(prompts.roles.front(), prompts.tokens.front());
  }
};

const std::string kMessage = "{{ messages[0]['content'] }}";

TEST_F(TemplateRoles, TheTemplatesOwnTextIsMarked) {
  const TokenisedPrompts prompts = Tokenised("{{ bos_token }}s:" + kMessage + "!", "it is");
  EXPECT_EQ(RunsOf(prompts), "bos(<|endoftext|>) template(s :) text(it Ġis) template(!)");
  EXPECT_TRUE(prompts.warnings.empty());
  EXPECT_EQ(RunsOf(Tokenised("{{ bos_token }}{{ bos_token }}" + kMessage + "{{ bos_token }}", "it")),
            "bos(<|endoftext|> <|endoftext|>) text(it) template(<|endoftext|>)");
}

TEST_F(TemplateRoles, ATokenOfBothIsText) {
  // "Ġis" of the template's blank and the prompt's word.
  EXPECT_EQ(RunsOf(Tokenised("s: " + kMessage + ".", "is")), "template(s :) text(Ġis) template(.)");
}

TEST_F(TemplateRoles, TrimmedPromptsAreFoundAndNamed) {
  const TokenisedPrompts prompts = Tokenised("s:{{ messages[0]['content'] | trim }}!", " it is ");
  EXPECT_EQ(RunsOf(prompts), "template(s :) text(it Ġis) template(!)");
  EXPECT_EQ(prompts.warnings, Roles{"prompt 1: the chat template leaves out its ends"});
}

TEST_F(TemplateRoles, AlteredPromptsAreNotGuessed) {
  const TokenisedPrompts prompts =
      Tokenised("{{ bos_token }}s:{{ messages[0]['content'] | upper }}!", "it is");
  EXPECT_EQ(Roles(prompts.roles.front().begin(), prompts.roles.front().begin() + 2), (Roles{"text", "text"}));
  EXPECT_EQ(prompts.warnings,
            Roles{"prompt 1: the chat template alters it: no token is marked as the template's"});
}

TEST_F(TemplateRoles, TruncationCutsThem) {
  const TokenisedPrompts prompts = Tokenised("{{ bos_token }}s:" + kMessage + "!", "it is", 4);
  EXPECT_EQ(RunsOf(prompts), "bos(<|endoftext|>) template(s :) text(it)");
}

}  // namespace
}  // namespace headspec::experiment
