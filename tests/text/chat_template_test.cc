#include "text/chat_template.h"

#include <gtest/gtest.h>

#include <ctime>
#include <string>

#include "text/hf_tokenizer.h"
#include "text/tiny_tokenizer.h"

namespace headspec::text {
namespace {

class ChatTemplateTest : public TokenizerTest {
 protected:
  void SetUp() override {
    TokenizerTest::SetUp();
    Write("tokenizer.json", WordTokenizer());
  }
  std::string Chat(const std::string& prompt) const { return Load().ApplyChatTemplate(prompt); }
  std::string Render(const std::string& source) const { return RenderTemplate(source, Json::object(), "F"); }
  std::string RenderError(const std::string& source) const {
    return ErrorOf([&] { Render(source); });
  }
};

TEST_F(ChatTemplateTest, WithoutOne) {
  EXPECT_FALSE(Load().has_chat_template());
  EXPECT_EQ(ErrorOf([&] { Chat("x"); }), "chat template: there is none in DIR; run with --no-chat-template");
}

TEST_F(ChatTemplateTest, SeesOneUserMessageAndTheSpecialTokens) {
  Write("tokenizer_config.json",
        TestJson{{"bos_token", "<s>"},
                 {"eos_token", {{"content", "</s>"}, {"__type", "AddedToken"}}},
                 {"pad_token", nullptr},
                 {"additional_special_tokens", {"a", "b"}},
                 {"chat_template",
                  "{{ bos_token }}{% for m in messages %}[{{ m.role }}:{{ m['content'] }}]{% endfor %}"
                  "{{ eos_token }}{{ add_generation_prompt }}{{ tools }}{{ documents is none }}"
                  "{{ pad_token is defined }}{{ additional_special_tokens }}"}});
  EXPECT_TRUE(Load().has_chat_template());
  EXPECT_EQ(Chat("héllo\n\"x\""), "<s>[user:héllo\n\"x\"]</s>TrueNoneTrueFalse['a', 'b']");
  EXPECT_EQ(Chat(std::string("a\0b", 3)), std::string("<s>[user:a\0b]</s>TrueNoneTrueFalse['a', 'b']", 44));
  EXPECT_EQ(ErrorOf([&] { Chat("a\xFF"); }), "prompt: not UTF-8 at byte offset 1; save it as UTF-8");
}

TEST_F(ChatTemplateTest, OfAListTheDefaultIsUsed) {
  Write("tokenizer_config.json", R"({"chat_template": [{"name": "tool_use", "template": "T"},
                                                       {"name": "default", "template": "D"}]})");
  EXPECT_EQ(Chat("x"), "D");
  Write("tokenizer_config.json", R"({"chat_template": [{"name": "tool_use", "template": "T"},
                                                       {"name": "rag", "template": "R"}]})");
  EXPECT_TRUE(Load().has_chat_template());
  EXPECT_EQ(ErrorOf([&] { Chat("x"); }),
            "chat template: none is named default, found rag, tool_use in DIR; run with --no-chat-template");
}

TEST_F(ChatTemplateTest, JinjaFilesComeFirstAndTheProcessorsJsonLast) {
  Write("chat_template.json", R"({"chat_template": "from the processor"})");
  EXPECT_EQ(Chat("x"), "from the processor");
  Write("tokenizer_config.json", R"({"chat_template": "from the config"})");
  EXPECT_EQ(Chat("x"), "from the config");
  Write("chat_template.jinja", "from the file\n");
  EXPECT_EQ(Chat("x"), "from the file");
  Write("additional_chat_templates/rag.jinja", "R");
  EXPECT_EQ(Chat("x"), "from the file");
  std::filesystem::remove(folder_ / "chat_template.jinja");
  EXPECT_EQ(ErrorOf([&] { Chat("x"); }),
            "chat template: none is named default, found rag in DIR; run with --no-chat-template");
}

TEST_F(ChatTemplateTest, RefusalsAndMistakesAreErrors) {
  EXPECT_EQ(RenderError("{{ raise_exception('only\nsystem') }}"),
            "chat template: refuses the prompt (only system) in F; run with --no-chat-template");
  EXPECT_EQ(RenderError("{% macro m() %}{{ raise_exception('inner') }}{% endmacro %}{{ m() }}"),
            "chat template: refuses the prompt (inner) in F; run with --no-chat-template");
  EXPECT_EQ(
      RenderError("{% if %}"),
      "chat template: cannot be rendered (syntax error: unexpected end of block (in chat_template:1)) in F; "
      "run with --no-chat-template");
  EXPECT_EQ(RenderError("{{ missing.field.deeper }}"),
            "chat template: cannot be rendered (undefined value (in chat_template:1)) in F; "
            "run with --no-chat-template");
  EXPECT_EQ(RenderError("{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}"),
            "chat template: cannot be rendered (engine ran out of fuel (in chat_template:1)) in F; "
            "run with --no-chat-template");
}

TEST_F(ChatTemplateTest, AMistakeNamesItsFileAndLine) {
  const std::string found =
      "chat template: cannot be rendered (syntax error: unexpected end of block (in chat_template:2)) in ";
  Write("tokenizer_config.json", R"({"chat_template": "a\n{% if %}"})");
  EXPECT_EQ(ErrorOf([&] { Chat("x"); }), found + "DIR/tokenizer_config.json; run with --no-chat-template");
  Write("chat_template.jinja", "a\n{% if %}");
  EXPECT_EQ(ErrorOf([&] { Chat("x"); }), found + "DIR/chat_template.jinja; run with --no-chat-template");
}

// Jinja knows these; a prompt must not change silently.
TEST_F(ChatTemplateTest, WhatIsLackingIsAnError) {
  for (const char* source : {"{{ '%s' % 'x' }}", "{{ 'a-b'.partition('-') }}", "{{ 'x' | urlencode }}",
                             "{% set x = joiner(', ') %}", "{{ 'aa' | replace('a', 'b', 1) }}"}) {
    EXPECT_EQ(RenderError(source).substr(0, 34), "chat template: cannot be rendered ") << source;
  }
}

TEST_F(ChatTemplateTest, ValuesPrintAsInPython) {
  EXPECT_EQ(
      Render("{{ true }} {{ false }} {{ none }} {{ 1 }} {{ 1.0 }} {{ 1e22 }} {{ 0.00001 }} {{ missing }}|"),
      "True False None 1 1.0 1e+22 1e-05 |");
  EXPECT_EQ(Render(R"({{ ['a', "it's", 'q"', 1.5, none, {'k': true}] }})"),
            R"(['a', "it's", 'q"', 1.5, None, {'k': True}])");
  EXPECT_EQ(Render("{{ ['\\n'] }}{{ {} }}{{ [1] | string }}{{ 2.0 | string }}"), "['\\n']{}[1]2.0");
}

TEST_F(ChatTemplateTest, ToJsonIsJsonDumps) {
  EXPECT_EQ(Render("{{ {'b': [1, 2.0, none], 'a': '<&\\'é\\u0007'} | tojson }}"),
            R"({"b": [1, 2.0, null], "a": "<&'é\u0007"})");
  EXPECT_EQ(Render("{{ {'b': [], 'a': [1, {}]} | tojson(indent=2) }}"),
            "{\n  \"b\": [],\n  \"a\": [\n    1,\n    {}\n  ]\n}");
  EXPECT_EQ(
      Render("{{ {'b': 1, 'a': '😀'} | tojson(sort_keys=true, ensure_ascii=true, separators=[',', ':']) }}"),
      R"({"a":"\ud83d\ude00","b":1})");
  EXPECT_EQ(RenderError("{{ missing | tojson }}"),
            "chat template: cannot be rendered (invalid operation: a value of type undefined is not JSON "
            "serializable (in chat_template:1)) in F; run with --no-chat-template");
}

TEST_F(ChatTemplateTest, PythonsStringAndDictMethods) {
  EXPECT_EQ(
      Render("{{ ' a '.strip() }}{{ 'a,b'.split(',')[-1] }}{{ 'ab'.startswith('a') }}{{ 'x'.upper() }}"),
      "abTrueX");
  EXPECT_EQ(Render("{{ 'ab'.removeprefix('a') }}{{ 'ab'.removesuffix('b') }}{{ 'a.b.c'.rsplit('.', 1) }}"),
            "ba['a.b', 'c']");
  EXPECT_EQ(Render("{% for k, v in {'a': 1}.items() %}{{ k }}{{ v }}{% endfor %}{{ {'a': 1}.get('b') }}"),
            "a1None");
}

TEST_F(ChatTemplateTest, BlocksAreTrimmedAndGenerationTagsAreTransparent) {
  EXPECT_EQ(Render("  {% if true %}\n x\n  {% endif %}\n"), " x\n");
  EXPECT_EQ(Render("a {%- generation -%} b {%- endgeneration %} c"), "ab c");
  EXPECT_EQ(Render("{% generation %}\n{% set x = 1 %}b\n{% endgeneration %}\n{{ x }}c{{ 'generation' }}"),
            "b\ncgeneration");
  EXPECT_EQ(Render("a\r\nb\rc"), "a\nb\nc");
}

TEST_F(ChatTemplateTest, TodayIsLocalTime) {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  EXPECT_EQ(Render("{{ strftime_now('%Y') }}"), std::to_string(local.tm_year + 1900));
}

}  // namespace
}  // namespace headspec::text
