// The Hugging Face cache on disk: names, links, references, and what a snapshot lacks.
#include "hub/cache.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "error_of.h"
#include "temporary_folder.h"

namespace headspec::hub {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCommit = "0123456789abcdef0123456789abcdef01234567";
constexpr const char* kOther = "ffffffffffffffffffffffffffffffffffffffff";
constexpr const char* kEtag = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4";

TEST(ModelId, IsANameWithAtMostOneOwner) {
  for (const char* id : {"gpt2", "microsoft/phi-2", "microsoft/phi-1_5", "a/b.c", "A-1/B_2"})
    EXPECT_TRUE(IsModelId(id)) << id;
}

TEST(ModelId, CannotLeaveTheCache) {
  for (const char* text :
       {"",    "/",       "a/",   "/a",    "a//b",  "a/b/c", "..",  "../a",     "a/..", "a/../b",
        "./a", ".hidden", "a--b", "a b/c", "a/b\n", "a\\b",  "~/a", "a/b@main", "ä/b",  "$HOME/a"}) {
    EXPECT_FALSE(IsModelId(text)) << text;
  }
}

TEST(Commit, IsFortyLowerCaseHexadecimalDigits) {
  EXPECT_TRUE(IsCommit(kCommit));
  for (const std::string& text : {std::string(), std::string(39, 'a'), std::string(41, 'a'),
                                  std::string(40, 'A'), std::string(40, 'g'), std::string(39, 'a') + "\n"})
    EXPECT_FALSE(IsCommit(text)) << text;
}

TEST(SafeFileName, StaysInItsFolder) {
  for (const char* name :
       {"config.json", "onnx/model.onnx", "a/b/c", ".gitattributes", "..a", "a..", "x y", "ä"})
    EXPECT_TRUE(IsSafeFileName(name)) << name;
  for (const std::string& name :
       {std::string(), std::string("/etc/passwd"), std::string(".."), std::string("."), std::string("../x"),
        std::string("a/../b"), std::string("a/.."), std::string("./a"), std::string("a/./b"),
        std::string("a/"), std::string("a\\b"), std::string("a\nb"), std::string("a\0b", 3),
        std::string("\x7F"), std::string("a\x1B[2J"), std::string(1025, 'a')})
    EXPECT_FALSE(IsSafeFileName(name)) << name;
  EXPECT_TRUE(IsSafeFileName(std::string(1024, 'a')));
}

class RepositoryTest : public TemporaryFolderTest {
 protected:
  const Repository repository_{folder_, "org/name"};
  const fs::path root_ = folder_ / "models--org--name";

  void MakeRef(const std::string& name, const std::string& content) const {
    Write("models--org--name/refs/" + name, content);
  }
};

TEST_F(RepositoryTest, HasTheFoldersOfThePythonLibrary) {
  EXPECT_EQ(repository_.folder(), root_);
  EXPECT_EQ(repository_.Blob(kEtag), root_ / "blobs" / kEtag);
  EXPECT_EQ(repository_.Incomplete(kEtag), root_ / "blobs" / (std::string(kEtag) + ".incomplete"));
  EXPECT_EQ(repository_.Lock(kEtag),
            folder_ / ".locks" / "models--org--name" / (std::string(kEtag) + ".lock"));
  EXPECT_EQ(repository_.Snapshot(kCommit), root_ / "snapshots" / kCommit);
  EXPECT_EQ(Repository(folder_, "gpt2").folder(), folder_ / "models--gpt2");
}

TEST_F(RepositoryTest, FollowsReferences) {
  MakeRef("main", kCommit);
  MakeRef("v1.0", kOther);
  MakeRef("refs/pr/1", kOther);
  EXPECT_EQ(repository_.CommitOf("main"), kCommit);
  EXPECT_EQ(repository_.CommitOf("v1.0"), kOther);
  EXPECT_EQ(repository_.CommitOf("refs/pr/1"), kOther);
  EXPECT_EQ(repository_.CommitOf(kOther), kOther);
}

// Even where a file with a commit in it lies outside the references.
TEST_F(RepositoryTest, FollowsNoOtherNames) {
  MakeRef("refs/pr/1", kCommit);
  Write("models--org--name/outside", kCommit);
  for (const char* revision :
       {"", "none", "refs", "refs/pr", "../outside", "/etc/passwd", "../refs/refs/pr/1"})
    EXPECT_EQ(repository_.CommitOf(revision), std::nullopt) << revision;
}

TEST_F(RepositoryTest, FollowsNoReferenceThatIsNoCommit) {
  for (const std::string& content :
       {std::string(), std::string("main"), std::string("../../../../etc"), std::string(40, 'g'),
        std::string(kCommit) + "\n", std::string(39, 'a'), std::string(41, 'a')}) {
    MakeRef("main", content);
    EXPECT_EQ(repository_.CommitOf("main"), std::nullopt) << content;
  }
}

TEST_F(RepositoryTest, WritesReferencesWithoutLineBreakAndNoneOfACommit) {
  repository_.WriteRef("main", kCommit);
  repository_.WriteRef("refs/pr/1", kOther);
  repository_.WriteRef(kOther, kOther);
  EXPECT_EQ(fs::file_size(root_ / "refs/main"), 40u);
  EXPECT_EQ(repository_.CommitOf("main"), kCommit);
  EXPECT_EQ(repository_.CommitOf("refs/pr/1"), kOther);
  EXPECT_FALSE(fs::exists(root_ / "refs" / kOther));
  repository_.WriteRef("main", kOther);
  EXPECT_EQ(repository_.CommitOf("main"), kOther);
}

TEST_F(RepositoryTest, LinksRelativelyAtEveryDepth) {
  Write(std::string("models--org--name/blobs/") + kEtag, "{}");
  repository_.Link(kCommit, "config.json", kEtag);
  repository_.Link(kCommit, "onnx/deep/config.json", kEtag);
  EXPECT_EQ(fs::read_symlink(root_ / "snapshots" / kCommit / "config.json"), fs::path("../../blobs") / kEtag);
  EXPECT_EQ(fs::read_symlink(root_ / "snapshots" / kCommit / "onnx/deep/config.json"),
            fs::path("../../../../blobs") / kEtag);
  EXPECT_TRUE(repository_.HasFile(kCommit, "onnx/deep/config.json"));
  EXPECT_FALSE(repository_.HasFile(kOther, "config.json"));
}

TEST_F(RepositoryTest, ReplacesALinkIntoNowhere) {
  repository_.Link(kCommit, "config.json", std::string(40, 'a'));
  EXPECT_FALSE(repository_.HasFile(kCommit, "config.json"));
  Write(std::string("models--org--name/blobs/") + kEtag, "{}");
  repository_.Link(kCommit, "config.json", kEtag);
  EXPECT_TRUE(repository_.HasFile(kCommit, "config.json"));
}

TEST_F(RepositoryTest, RemembersWhatTheHubDoesNotHave) {
  EXPECT_FALSE(repository_.IsKnownAbsent(kCommit, "tokenizer_config.json"));
  repository_.MarkAbsent(kCommit, "tokenizer_config.json");
  EXPECT_TRUE(repository_.IsKnownAbsent(kCommit, "tokenizer_config.json"));
  EXPECT_FALSE(repository_.IsKnownAbsent(kOther, "tokenizer_config.json"));
  EXPECT_EQ(fs::file_size(root_ / ".no_exist" / kCommit / "tokenizer_config.json"), 0u);
}

TEST_F(RepositoryTest, SaysWhyItCannotWrite) {
  Write("models--org--name", "a file");
  const std::string next = "; check its permissions and free space, or name another folder with --cache-dir";
  EXPECT_EQ(
      ErrorOf([&] { repository_.WriteRef("main", kCommit); }),
      "kSystem: cache: cannot write " + At("models--org--name/refs/main") + " (Not a directory)" + next);
}

class PartsTest : public TemporaryFolderTest {
 protected:
  std::vector<std::string> Missing(bool unasked = false) const {
    return MissingParts(folder_, [unasked](const std::string&) { return unasked; });
  }
  void WriteIndex(const std::string& content) const { Write("model.safetensors.index.json", content); }
  std::string Refusal(const std::string& content) const {
    WriteIndex(content);
    return ErrorOf([&] { ShardsOf(folder_ / "model.safetensors.index.json"); });
  }
};

using Names = std::vector<std::string>;

TEST_F(PartsTest, AreNamed) {
  EXPECT_EQ(Missing(), Names({"config.json", "weights (model.safetensors)", "a tokenizer (tokenizer.json)"}));
  Write("config.json", "{}");
  Write("tokenizer.json", "{}");
  EXPECT_EQ(Missing(), Names({"weights (model.safetensors)"}));
  Write("model.safetensors", "");
  EXPECT_EQ(Missing(), Names());
  EXPECT_EQ(Missing(true), Names({"tokenizer_config.json"}));
  Write("tokenizer_config.json", "{}");
  EXPECT_EQ(Missing(true), Names());
}

TEST_F(PartsTest, AreTheShardsOfAnIndex) {
  Write("config.json", "{}");
  Write("vocab.json", "{}");
  EXPECT_EQ(Missing(), Names({"weights (model.safetensors)", "a tokenizer (tokenizer.json)"}));
  Write("merges.txt", "");
  WriteIndex(R"({"weight_map": {"a": "2.safetensors", "b": "1.safetensors", "c": "2.safetensors"}})");
  EXPECT_EQ(Missing(), Names({"1.safetensors", "2.safetensors"}));
  Write("2.safetensors", "");
  EXPECT_EQ(Missing(), Names({"1.safetensors"}));
}

TEST_F(PartsTest, IncludeWhatALinkPointsToNoMore) {
  Write("config.json", "{}");
  Write("vocab.txt", "");
  fs::create_symlink("../../blobs/gone", folder_ / "model.safetensors");
  EXPECT_EQ(Missing(), Names({"weights (model.safetensors)"}));
}

TEST_F(PartsTest, AreRefusedWhereTheIndexLeadsElsewhere) {
  const std::string where =
      "kInput: " + At("model.safetensors.index.json") + ": expected weight_map with file names, found ";
  const std::string next =
      "; remove that file and fetch the model again; if the hub has it so, tell the model's authors";
  EXPECT_EQ(Refusal("{}"), where + "none" + next);
  EXPECT_EQ(Refusal("[]"), where + "none" + next);
  EXPECT_EQ(Refusal(R"({"weight_map": []})"), where + "none" + next);
  EXPECT_EQ(Refusal(R"({"weight_map": {}})"), where + "an empty one" + next);
  EXPECT_EQ(Refusal(R"({"weight_map": {"a": "../x"}})"), where + "\"../x\"" + next);
  EXPECT_EQ(Refusal(R"({"weight_map": {"a": "/etc/passwd"}})"), where + "\"/etc/passwd\"" + next);
  EXPECT_EQ(Refusal(R"({"weight_map": {"a": 1}})"), where + "1" + next);
  EXPECT_EQ(Refusal(R"({"weight_map": {"a": "a\u0000b"}})"), where + "\"a\\u0000b\"" + next);
  EXPECT_EQ(Refusal(R"({"weight_map": {"a": "../)" + std::string(5000, 'x') + R"("}})"),
            where + "\"../" + std::string(96, 'x') + "..." + next);
  for (const std::string& text : {std::string(), std::string("<html>"), std::string(200, '[')})
    EXPECT_EQ(Refusal(text).rfind(where, 0), 0u);
}

}  // namespace
}  // namespace headspec::hub
