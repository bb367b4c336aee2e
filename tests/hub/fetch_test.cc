// Names of models, and what the cache answers where the hub may not be asked.
#include "hub/fetch.h"

#include <gtest/gtest.h>

#include <string>

#include "error_of.h"
#include "hub/cache.h"
#include "temporary_folder.h"

namespace headspec::hub {
namespace {

constexpr const char* kCommit = "0123456789abcdef0123456789abcdef01234567";

std::string Parsed(const std::string& text, const std::string& revision = "main") {
  const ModelName name = ParseModelName(text, revision);
  return name.model + " " + name.revision;
}

TEST(ModelName, HasARevisionBehindTheAtSign) {
  EXPECT_EQ(Parsed("org/name"), "org/name main");
  EXPECT_EQ(Parsed("org/name", "v1"), "org/name v1");
  EXPECT_EQ(Parsed("org/name@v2", "v1"), "org/name v2");
  EXPECT_EQ(Parsed("gpt2@refs/pr/1"), "gpt2 refs/pr/1");
  EXPECT_EQ(Parsed("org/name@a@b"), "org/name a@b");
}

TEST(ModelName, IsRefusedWhereItIsNone) {
  for (const char* text : {"", "@", "@main", "a/b/c", "../x", "a b", "org/", "/name", "a--b", "http://x/y"}) {
    EXPECT_FALSE(IsModelName(text)) << text;
    EXPECT_EQ(ErrorOf([&] { ParseModelName(text); }),
              std::string("kInput: \"") + text +
                  "\": expected org/name or org/name@revision; write it as on its page on the hub");
  }
}

TEST(ModelName, IsRefusedWithWhatIsNoRevision) {
  for (const char* revision : {"", "../x", "/main", "a/../b", "a\nb"}) {
    EXPECT_FALSE(IsModelName(std::string("org/name@") + revision)) << revision;
    EXPECT_EQ(ErrorOf([&] { ParseModelName(std::string("org/name@") + revision); }),
              std::string("kInput: org/name: \"") + revision +
                  "\" is no revision; give a branch, a tag, a commit or refs/pr/N");
  }
}

// Nothing listens at the endpoint, so any request would fail.
class OfflineTest : public TemporaryFolderTest {
 protected:
  OfflineTest() {
    settings_.cache = folder_;
    settings_.endpoint = "http://127.0.0.1:1";
    settings_.offline_reason = "--offline";
    settings_.first_pause = std::chrono::milliseconds(0);
  }

  void MakeSnapshot() const {
    for (const char* file : {"config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"})
      Write(std::string("models--org--name/snapshots/") + kCommit + "/" + file, "{}");
    Write("models--org--name/refs/main", kCommit);
  }
  std::string Refusal(const std::string& revision) {
    return ErrorOf([&] { Locate({"org/name", revision}, settings_, progress_); });
  }

  Settings settings_;
  SilentProgress progress_;
};

TEST_F(OfflineTest, TakesTheSnapshotOfARevision) {
  MakeSnapshot();
  for (const char* revision : {"main", kCommit}) {
    const Snapshot snapshot = Locate({"org/name", revision}, settings_, progress_);
    EXPECT_EQ(snapshot.folder, folder_ / "models--org--name/snapshots" / kCommit);
    EXPECT_EQ(snapshot.model, "org/name");
    EXPECT_EQ(snapshot.commit, kCommit);
    EXPECT_TRUE(snapshot.notes.empty());
  }
}

TEST_F(OfflineTest, SaysWhichRevisionIsNotThere) {
  MakeSnapshot();
  for (const char* revision : {"v1", "refs/pr/1"}) {
    EXPECT_EQ(Refusal(revision),
              std::string("kSystem: org/name: no such folder here, no revision \"") + revision +
                  "\" of it in the cache " + folder_.string() +
                  ", and --offline forbids to ask the hub; run it once without it, or give "
                  "a folder");
  }
}

TEST_F(OfflineTest, SaysWhatASnapshotLacks) {
  MakeSnapshot();
  std::filesystem::remove(folder_ / "models--org--name/snapshots" / kCommit / "model.safetensors");
  settings_.offline_reason = "HF_HUB_OFFLINE=yes";
  EXPECT_EQ(Refusal("main"),
            "kSystem: org/name: the cached snapshot " +
                At(std::string("models--org--name/snapshots/") + kCommit) +
                " lacks weights (model.safetensors), and HF_HUB_OFFLINE=yes forbids to ask the "
                "hub; run it once without it, or give a folder");
}

// Whether tokenizer_config.json exists is not known: nobody can be asked.
TEST_F(OfflineTest, TakesASnapshotWithoutTokenizerConfig) {
  MakeSnapshot();
  std::filesystem::remove(folder_ / "models--org--name/snapshots" / kCommit / "tokenizer_config.json");
  EXPECT_EQ(Locate({"org/name", "main"}, settings_, progress_).commit, kCommit);
}

TEST_F(OfflineTest, MeasuresAWholeSnapshotWithoutARequest) {
  MakeSnapshot();
  settings_.offline_reason = "";
  EXPECT_EQ(Locate({"org/name", "main"}, settings_, progress_).commit, kCommit);
  EXPECT_EQ(Fetch({"org/name", kCommit}, settings_, progress_).commit, kCommit);
}

TEST_F(OfflineTest, FetchesTheCachedSnapshotWithANoteWhereNobodyAnswers) {
  MakeSnapshot();
  settings_.offline_reason = "";
  const Snapshot snapshot = Fetch({"org/name", "main"}, settings_, progress_);
  EXPECT_EQ(snapshot.commit, kCommit);
  ASSERT_EQ(snapshot.notes.size(), 1u);
  EXPECT_NE(snapshot.notes[0].find(std::string("; the cached commit ") + kCommit + " is used"),
            std::string::npos);
}

}  // namespace
}  // namespace headspec::hub
