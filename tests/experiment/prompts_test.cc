// Prompt sets: the built-in one by its MD5, users' files in both formats, and every way to get one wrong.
#include "experiment/prompts.h"
#include "headspec/plans.h"

#include <gtest/gtest.h>

#include "error_of.h"
#include "experiment/files.h"
#include "temporary_folder.h"

namespace headspec::experiment {
namespace {

using Prompts = std::vector<std::string>;

constexpr const char* kFormats = "; give a JSON list of strings, or a text file with one prompt a line";

class PromptsTest : public TemporaryFolderTest {
 protected:
  Prompts Read(const std::string& name, std::string_view content) const {
    return LoadPrompts(Write(name, content).string()).prompts;
  }
  std::string Refused(const std::string& name, std::string_view content) const {
    const std::string file = Write(name, content).string();
    return ErrorOf([&] { LoadPrompts(file); });
  }
};

TEST(PromptMd5, JoinsByThreeBars) {
  EXPECT_EQ(PromptMd5({}), "d41d8cd98f00b204e9800998ecf8427e");          // of nothing
  EXPECT_EQ(PromptMd5({"a"}), "0cc175b9c0f1b6a831c399e269772661");       // of "a"
  EXPECT_EQ(PromptMd5({"a", "b"}), "3c4b0595a74d8bcb7e469132c3cd5e2f");  // of "a|||b"
  EXPECT_EQ(PromptMd5({"a|||b"}), PromptMd5({"a", "b"}));
}

TEST(BuiltInPrompts, AreTheNotebooks) {
  const PromptSet set = LoadPrompts("standard-10-v3");
  EXPECT_EQ(set.version, "Standard-10 v3");
  EXPECT_EQ(set.source, "built-in");
  EXPECT_EQ(set.md5, "715065bab181f46bf12ed471951141e2");
  EXPECT_EQ(PromptMd5(set.prompts), "715065bab181f46bf12ed471951141e2");
  ASSERT_EQ(set.prompts.size(), 10u);
  EXPECT_EQ(set.prompts.front(), "What is the capital of France and what is its population?");
}

TEST(BuiltInPrompts, AreKnownByName) {
  const std::string where = (DataFolder() / "data" / "prompts").string();
  const std::string next = "; use standard-10-v3, or a path with an extension or a slash";
  for (const std::string& name : {std::string("standard-9"), std::string(), std::string(300, 'a')}) {
    EXPECT_EQ(ErrorOf([&] { LoadPrompts(name); }),
              "kInput: prompts: no built-in set \"" + name + "\" in " + where + next);
  }
}

TEST_F(PromptsTest, ReadsOnePromptALine) {
  EXPECT_EQ(Read("p.txt", "one\ntwo\n"), (Prompts{"one", "two"}));
  EXPECT_EQ(Read("p.txt", "one\ntwo"), (Prompts{"one", "two"}));
  EXPECT_EQ(Read("p.txt", "one\r\ntwo\r\n"), (Prompts{"one", "two"}));
  EXPECT_EQ(Read("p.txt", "\n\n  \t\none\n \r\n\ntwo\n\n"), (Prompts{"one", "two"}));
  EXPECT_EQ(Read("p.txt", "  kept spaces \n"), (Prompts{"  kept spaces "}));
  EXPECT_EQ(Read("p", "no extension\n"), (Prompts{"no extension"}));
  EXPECT_EQ(Read("p.txt", "[\"text\"]"), (Prompts{"[\"text\"]"}));
}

TEST_F(PromptsTest, LeavesOutTheByteOrderMark) {
  EXPECT_EQ(Read("p.txt", "\xEF\xBB\xBFone\ntwo\n"), (Prompts{"one", "two"}));
  EXPECT_EQ(Read("p.json", "\xEF\xBB\xBF[\"one\"]"), (Prompts{"one"}));
}

TEST_F(PromptsTest, ReadsAList) {
  EXPECT_EQ(Read("p.json", R"(["one", "two\nlines", "\u00e9"])"), (Prompts{"one", "two\nlines", "\u00e9"}));
  const PromptSet set = LoadPrompts(At("p.json"));
  EXPECT_EQ(set.version, "p.json");
  EXPECT_EQ(set.source, At("p.json"));
  EXPECT_EQ(set.md5, PromptMd5(set.prompts));
}

TEST_F(PromptsTest, ReadsADescribedSet) {
  Write("p.json",
        R"({"version": "Mine v1", "md5": "3c4b0595a74d8bcb7e469132c3cd5e2f", "prompts": ["a", "b"]})");
  const PromptSet set = LoadPrompts(At("p.json"));
  EXPECT_EQ(set.version, "Mine v1");
  EXPECT_EQ(set.prompts, (Prompts{"a", "b"}));
  EXPECT_EQ(Read("q.json", R"({"prompts": ["a"]})"), (Prompts{"a"}));
}

TEST_F(PromptsTest, RefusesASetThatWasChanged) {
  EXPECT_EQ(Refused("p.json", R"({"md5": "3c4b0595a74d8bcb7e469132c3cd5e2f", "prompts": ["a", "c"]})"),
            "kInput: prompts: expected MD5 3c4b0595a74d8bcb7e469132c3cd5e2f, found " + PromptMd5({"a", "c"}) +
                " in " + At("p.json") +
                "; the prompts were changed: restore them, or give the set its own name and MD5");
}

TEST_F(PromptsTest, RefusesOtherJson) {
  const std::string in = " in " + At("p.json") + kFormats;
  EXPECT_EQ(Refused("p.json", "{}"), "kInput: prompts: expected a list, found object" + in);
  EXPECT_EQ(Refused("p.json", "7"), "kInput: prompts: expected a list, found number" + in);
  EXPECT_EQ(Refused("p.json", R"({"prompts": "a"})"), "kInput: prompts: expected a list, found string" + in);
  EXPECT_EQ(Refused("p.json", R"(["a", 7])"), "kInput: prompts[1]: expected a string, found number" + in);
  EXPECT_EQ(Refused("p.json", R"([null])"), "kInput: prompts[0]: expected a string, found null" + in);
  EXPECT_EQ(Refused("p.json", "[]"), "kInput: prompts: expected at least one, found none" + in);
  EXPECT_EQ(Refused("p.json", R"(["a", ""])"),
            "kInput: prompts[1]: empty in " + At("p.json") + "; remove it or write a prompt");
}

TEST_F(PromptsTest, RefusesWhatIsNotJson) {
  EXPECT_EQ(Refused("p.json", "[\"a\""), "kInput: prompts: not JSON in " + At("p.json") +
                                             " (parse error at line 1, column 5: syntax error while parsing "
                                             "array - unexpected end of input; expected ']')" +
                                             kFormats);
  for (const char* content : {"", "prompt", "['a']", "[\"a\",]", "[\"\xff\"]"}) {
    EXPECT_EQ(Refused("p.json", content).rfind("kInput: prompts: not JSON in ", 0), 0u) << content;
  }
}

TEST_F(PromptsTest, RefusesAnEmptyTextFile) {
  for (const char* content : {"", "\n", " \n\t\r\n", "\xEF\xBB\xBF"}) {
    EXPECT_EQ(Refused("p.txt", content),
              "kInput: prompts: expected at least one, found none in " + At("p.txt") + kFormats);
  }
}

TEST_F(PromptsTest, RefusesWhatIsNotUtf8) {
  EXPECT_EQ(Refused("p.txt", "caf\xC3\xA9\ncaf\xE9\n"),
            "kInput: prompts[1]: not UTF-8 in " + At("p.txt") + "; save the file as UTF-8");
}

TEST_F(PromptsTest, SaysWhyAFileCannotBeRead) {
  EXPECT_EQ(ErrorOf([&] { LoadPrompts(At("none.txt")); }),
            "kSystem: prompts: cannot read " + At("none.txt") +
                " (No such file or directory); check the path and its permissions");
  EXPECT_EQ(ErrorOf([&] { LoadPrompts(folder_.string()); }),
            "kSystem: prompts: a folder, not a file: " + folder_.string() + "; give a file");
  const std::string long_name = At(std::string(300, 'a'));
  EXPECT_EQ(ErrorOf([&] { LoadPrompts(long_name); }),
            "kSystem: prompts: cannot read " + long_name +
                " (File name too long); check the path and its permissions");
}

TEST_F(PromptsTest, TakesManyPrompts) {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += "prompt " + std::to_string(i) + "\n";
  EXPECT_EQ(Read("p.txt", text).size(), 20000u);
}

}  // namespace
}  // namespace headspec::experiment
