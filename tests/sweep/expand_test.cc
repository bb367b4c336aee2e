#include "sweep/expand.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "error_of.h"

namespace headspec::sweep {
namespace {

using Names = std::vector<std::string>;

Names Expand(const std::string& text) { return ExpandBraces(text, "m.toml:4: revisions"); }

TEST(Expand, Ranges) {
  EXPECT_EQ(Expand("step{1..3}"), (Names{"step1", "step2", "step3"}));
  EXPECT_EQ(Expand("step{0..10..5}"), (Names{"step0", "step5", "step10"}));
  EXPECT_EQ(Expand("{1..6..2}"), (Names{"1", "3", "5"}));
  EXPECT_EQ(Expand("{08..11}"), (Names{"08", "09", "10", "11"}));
  EXPECT_EQ(Expand("{0..1}"), (Names{"0", "1"}));
  EXPECT_EQ(Expand("{7..7}"), (Names{"7"}));
  EXPECT_EQ(Expand("step{1000..143000..1000}").size(), 143u);
}

TEST(Expand, WordsAndCombinations) {
  EXPECT_EQ(Expand("main"), (Names{"main"}));
  EXPECT_EQ(Expand("pythia-{70m,160m}{,-deduped}"),
            (Names{"pythia-70m", "pythia-70m-deduped", "pythia-160m", "pythia-160m-deduped"}));
  EXPECT_EQ(Expand("{a,b}{1..2}"), (Names{"a1", "a2", "b1", "b2"}));
}

TEST(Expand, WhatIsNone) {
  const std::string place = "kInput: m.toml:4: revisions: ";
  const std::string braces = "write each as {1..9}, {0..100..10} or {a,b}, not one in another";
  for (const char* text : {"a{1..2", "a}", "{{a,b}}", "{a,{b,c}}"})
    EXPECT_EQ(ErrorOf([&] { Expand(text); }), place + '"' + text + "\": braces do not match; " + braces);
  const std::string choice = "; write it as {1..9}, {0..100..10} or {a,b}";
  for (const char* inside : {"", "a", "1..2..3..4"}) {
    EXPECT_EQ(ErrorOf([&] { Expand("{" + std::string(inside) + "}"); }),
              place + "\"{" + inside + "}\": expected a range or words in {" + inside + "}" + choice);
  }
  for (const char* inside : {"a..b", "1..", "-1..3", "1..9999999999999999"}) {
    EXPECT_EQ(ErrorOf([&] { Expand("{" + std::string(inside) + "}"); }),
              place + "\"{" + inside + "}\": expected whole numbers of at most 15 digits in {" + inside +
                  "}; write it as {1..9} or {0..100..10}");
  }
  for (const char* inside : {"2..1", "1..2..0"}) {
    EXPECT_EQ(ErrorOf([&] { Expand("{" + std::string(inside) + "}"); }),
              place + "\"{" + inside + "}\": no numbers in {" + inside +
                  "}; write it as {FROM..TO} or {FROM..TO..BY}, upwards");
  }
  for (const char* text : {"{1..100001}", "{1..999999999999999}", "{1..1000}{1..1000}"}) {
    EXPECT_EQ(ErrorOf([&] { Expand(text); }),
              place + '"' + text +
                  "\": expected at most 100000 names, found more; take fewer, "
                  "or larger steps");
  }
}

TEST(Matches, Patterns) {
  EXPECT_TRUE(Matches("step*", "step1000"));
  EXPECT_TRUE(Matches("step*", "step"));
  EXPECT_FALSE(Matches("step*", "xstep1"));
  EXPECT_TRUE(Matches("*", ""));
  EXPECT_TRUE(Matches("*a*b", "xaxxb"));
  EXPECT_FALSE(Matches("*a*b", "xaxxbc"));
  EXPECT_TRUE(Matches("step?000", "step1000"));
  EXPECT_FALSE(Matches("step?000", "step11000"));
  EXPECT_FALSE(Matches("", "a"));
  EXPECT_TRUE(Matches("main", "main"));
  // No time without end for a pattern that almost matches.
  EXPECT_FALSE(Matches("*a*a*a*a*a*a*a*a*b", std::string(20'000, 'a')));
}

TEST(StepOf, Names) {
  EXPECT_EQ(StepOf("step1000"), 1000);
  EXPECT_EQ(StepOf("step-12"), 12);
  EXPECT_EQ(StepOf("global_step_7"), 7);
  EXPECT_EQ(StepOf("stage1-step2000-tokens9B"), 2000);
  EXPECT_EQ(StepOf("checkpoint-500"), 500);
  EXPECT_EQ(StepOf("v0.5"), 0.5);
  EXPECT_TRUE(NamesItsStep("checkpoint-500"));
  EXPECT_FALSE(NamesItsStep("v0.5"));
  EXPECT_EQ(StepOf("step"), std::nullopt);
  EXPECT_EQ(StepOf("main"), std::nullopt);
  EXPECT_EQ(StepOf("v1.2-rc3"), std::nullopt);
  EXPECT_EQ(StepOf("refs/pr/1"), std::nullopt);
  EXPECT_EQ(StepOf(std::string(40, '1')), std::nullopt);
}

TEST(SizeIn, Names) {
  EXPECT_EQ(SizeIn("EleutherAI/pythia-70m"), "70m");
  EXPECT_EQ(SizeIn("EleutherAI/pythia-1.4b-deduped"), "1.4b");
  EXPECT_EQ(SizeIn("checkpoints/nano-0.5m"), "0.5m");
  EXPECT_EQ(SizeIn("checkpoints/nano-0.5m/"), "0.5m");
  EXPECT_EQ(SizeIn("Qwen/Qwen2-57B-A14B"), "57B");
  EXPECT_EQ(SizeIn("microsoft/phi-1_5"), "");
  EXPECT_EQ(SizeIn("TheBloke/llama-7b-4bit"), "7b");
  EXPECT_EQ(SizeIn("mistralai/Mixtral-8x7B-v0.1"), "");
  EXPECT_EQ(SizeIn("gpt2"), "");
  EXPECT_EQ(SizeIn("70m/gpt2"), "");
  EXPECT_EQ(SizeIn(""), "");
}

}  // namespace
}  // namespace headspec::sweep
