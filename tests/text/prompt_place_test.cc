#include "text/prompt_place.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "core/error.h"
#include "core/text.h"
#include "text/hf_tokenizer.h"

namespace headspec::text {
namespace {

using Render = std::function<std::string(std::string_view)>;

// The parts of the rendering that are the prompt's, joined by "|"; "none" where it is not found, and a "~"
// behind what was trimmed.
std::string Found(const Render& render, const std::string& prompt) {
  const std::string rendered = render(prompt);
  const auto place = PromptFinder(render).Find(rendered, prompt);
  if (!place) return "none";
  std::string parts;
  for (const auto& [begin, end] : place->ranges)
    parts += (parts.empty() ? "" : "|") + rendered.substr(begin, end - begin);
  return parts + (place->is_trimmed ? "~" : "");
}

TEST(PromptFinder, FindsTheMessage) {
  const Render render = [](std::string_view m) { return "<user>" + std::string(m) + "</user>"; };
  EXPECT_EQ(Found(render, "What is it?"), "What is it?");
  EXPECT_EQ(Found(render, " a\n"), " a\n");
  // Words of the template itself.
  EXPECT_EQ(PromptFinder(render).Find("<user>user</user>", "user")->ranges,
            (std::vector<TextRange>{{6, 10}}));
  EXPECT_EQ(PromptFinder(render).Find("<user></user></user>", "</user>")->ranges,
            (std::vector<TextRange>{{6, 13}}));
}

TEST(PromptFinder, FindsWhatIsTrimmed) {
  const Render render = [](std::string_view m) { return "[INST] " + std::string(Trim(m)) + " [/INST]"; };
  EXPECT_EQ(Found(render, " INST\n"), "INST~");
  EXPECT_EQ(Found(render, "INST"), "INST");
  const Render left = [](std::string_view m) {
    return "<" + std::string(m.substr(m.find_first_not_of(' '))) + ">";
  };
  EXPECT_EQ(Found(left, " a "), "a ~");
}

TEST(PromptFinder, FindsItEachTime) {
  const Render render = [](std::string_view m) { return "1" + std::string(m) + "2" + std::string(m) + "3"; };
  EXPECT_EQ(Found(render, "2"), "2|2");
  EXPECT_EQ(Found(render, "a b"), "a b|a b");
}

TEST(PromptFinder, TemplatesThatReadTheMessage) {
  const Render thinks = [](std::string_view m) {
    const bool asked = m.find("/think") != std::string_view::npos;
    return std::string(asked ? "<deep>" : "<plain>") + std::string(m) + "<end>";
  };
  EXPECT_EQ(Found(thinks, "Why? /think"), "Why? /think");
  EXPECT_EQ(Found(thinks, "Why?"), "Why?");
  const Render trims = [](std::string_view m) {
    return (m.starts_with(" ") ? "<blank>" : "<plain>") + std::string(Trim(m));
  };
  EXPECT_EQ(Found(trims, " Why?"), "Why?~");
  const Render refuses = [](std::string_view m) -> std::string {
    if (m != "Why?") throw Error(ErrorKind::kInput, "refused");
    return "<user>" + std::string(m);
  };
  EXPECT_EQ(Found(refuses, "Why?"), "Why?");
}

TEST(PromptFinder, DoesNotGuess) {
  const Render upper = [](std::string_view m) {
    std::string text(m);
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return c < 128 ? static_cast<char>(std::toupper(c)) : c; });
    return "<user>" + text;
  };
  EXPECT_EQ(Found(upper, "Why?"), "none");
  EXPECT_EQ(Found(upper, "WHY?"), "WHY?");
  EXPECT_EQ(Found([](std::string_view) { return std::string("nothing"); }, "Why?"), "none");
  // Twice, and nothing tells which is the message.
  const Render numbered = [](std::string_view m) {
    return std::to_string(m.size()) + " characters: " + std::string(m);
  };
  EXPECT_EQ(Found(numbered, "a"), "none");
  EXPECT_EQ(Found(numbered, "what"), "what");
}

TEST(PromptFinder, FindsThePromptInTheFamiliesTemplates) {
  const std::filesystem::path folder = std::filesystem::path(HEADSPEC_TEST_DATA) / "golden" / "templates";
  int trimmed = 0;
  int files = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    ++files;
    std::ifstream in(file.path());
    const std::string source{std::istreambuf_iterator<char>(in), {}};
    const Render render = [&](std::string_view message) {
      return RenderTemplate(source,
                            {{"messages", {{{"role", "user"}, {"content", std::string(message)}}}},
                             {"tools", nullptr},
                             {"documents", nullptr},
                             {"bos_token", "<s>"},
                             {"eos_token", "</s>"},
                             {"add_generation_prompt", true}},
                            "F");
    };
    for (const std::string prompt : {"What is 2 + 2?", "user", "s", "{{ bos_token }}"})
      EXPECT_EQ(Found(render, prompt), prompt) << file.path();
    const std::string found = Found(render, " What is 2 + 2?\n");
    EXPECT_TRUE(found == " What is 2 + 2?\n" || found == "What is 2 + 2?~") << file.path() << found;
    trimmed += found.ends_with('~');
  }
  EXPECT_EQ(files, 16);
  EXPECT_EQ(trimmed, 5);  // command-r, gemma, gemma-3, llama-3, llama-3.1
}

}  // namespace
}  // namespace headspec::text
