// The Hugging Face cache: which folder it is, and from a name and revision to a snapshot.
#include "hub/cache.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "error_of.h"
#include "temporary_folder.h"

namespace headspec::hub {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCommit = "0123456789abcdef0123456789abcdef01234567";
constexpr const char* kOther = "ffffffffffffffffffffffffffffffffffffffff";

// Sets environment variables and puts them back.
class EnvironmentTest : public TemporaryFolderTest {
 protected:
  void TearDown() override {
    for (const auto& [name, value] : before_) Put(name, value);
  }

  void Set(const std::string& name, const std::optional<std::string>& value) {
    const char* now = std::getenv(name.c_str());
    before_.emplace(name, now == nullptr ? std::nullopt : std::optional<std::string>(now));
    Put(name, value);
  }

 private:
  static void Put(const std::string& name, const std::optional<std::string>& value) {
    if (value)
      setenv(name.c_str(), value->c_str(), 1);
    else
      unsetenv(name.c_str());
  }

  std::map<std::string, std::optional<std::string>> before_;
};

class CacheFolderTest : public EnvironmentTest {
 protected:
  void SetUp() override {
    for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"})
      Set(name, std::nullopt);
    Set("HOME", "/home/someone");
  }
};

TEST_F(CacheFolderTest, IsUnderHomeWithoutAnyVariable) {
  EXPECT_EQ(CacheFolder(), "/home/someone/.cache/huggingface/hub");
}

// Each variable wins over all set before it.
TEST_F(CacheFolderTest, TakesTheVariablesInTheOrderOfThePythonLibrary) {
  Set("XDG_CACHE_HOME", "/xdg");
  EXPECT_EQ(CacheFolder(), "/xdg/huggingface/hub");
  Set("HF_HOME", "/hf");
  EXPECT_EQ(CacheFolder(), "/hf/hub");
  Set("HUGGINGFACE_HUB_CACHE", "/old");
  EXPECT_EQ(CacheFolder(), "/old");
  Set("HF_HUB_CACHE", "/cache");
  EXPECT_EQ(CacheFolder(), "/cache");
}

TEST_F(CacheFolderTest, TreatsAnEmptyVariableAsUnset) {
  Set("HF_HUB_CACHE", "");
  Set("HUGGINGFACE_HUB_CACHE", "");
  Set("HF_HOME", "");
  Set("XDG_CACHE_HOME", "");
  EXPECT_EQ(CacheFolder(), "/home/someone/.cache/huggingface/hub");
}

TEST_F(CacheFolderTest, ExpandsTheTilde) {
  Set("HF_HOME", "~");
  EXPECT_EQ(CacheFolder(), "/home/someone/hub");
  Set("HF_HOME", "~/models");
  EXPECT_EQ(CacheFolder(), "/home/someone/models/hub");
  Set("HF_HOME", "/data/~");
  EXPECT_EQ(CacheFolder(), "/data/~/hub");
  Set("HF_HOME", "~other/models");
  EXPECT_EQ(CacheFolder(), "~other/models/hub");
}

TEST_F(CacheFolderTest, ExpandsVariables) {
  Set("HEADSPEC_TEST_DISK", "/disk");
  Set("HEADSPEC_TEST_UNSET", std::nullopt);
  for (const auto& [written, expected] : {std::pair{"$HEADSPEC_TEST_DISK/a", "/disk/a"},
                                          {"${HEADSPEC_TEST_DISK}a", "/diska"},
                                          {"/x/$HEADSPEC_TEST_DISK/${HEADSPEC_TEST_DISK}", "/x//disk//disk"},
                                          {"$HEADSPEC_TEST_UNSET/a", "$HEADSPEC_TEST_UNSET/a"},
                                          {"${HEADSPEC_TEST_DISK", "${HEADSPEC_TEST_DISK"},
                                          {"${}/a", "${}/a"},
                                          {"a$", "a$"},
                                          {"$$HEADSPEC_TEST_DISK", "$/disk"},
                                          {"$-/a", "$-/a"}}) {
    Set("HF_HUB_CACHE", written);
    EXPECT_EQ(CacheFolder(), expected) << written;
  }
}

// Disabled until Expand goes on behind a value it put in: now it reads the value again, here without end.
TEST_F(CacheFolderTest, DoesNotExpandValues) {
  Set("HEADSPEC_TEST_A", "x$HEADSPEC_TEST_B");
  Set("HEADSPEC_TEST_B", "y$HEADSPEC_TEST_B");
  Set("HF_HUB_CACHE", "$HEADSPEC_TEST_A");
  EXPECT_EQ(CacheFolder(), "x$HEADSPEC_TEST_B");
}

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

class SnapshotTest : public EnvironmentTest {
 protected:
  void SetUp() override { Set("HF_HUB_CACHE", folder_.string()); }

  // As the Python library lays it out: blobs, and snapshots full of links to them.
  void MakeSnapshot(const std::string& commit) const {
    const fs::path blob = Write("models--org--name/blobs/e3b0c442", "{}");
    const fs::path snapshot = folder_ / "models--org--name" / "snapshots" / commit;
    fs::create_directories(snapshot);
    fs::create_symlink("../../blobs/e3b0c442", snapshot / "config.json");
  }
  void MakeRef(const std::string& name, const std::string& content) const {
    Write("models--org--name/refs/" + name, content);
  }

  std::string Missing(const std::string& model, const std::string& revision) const {
    return "kSystem: " + model + ": no such folder here, and no revision \"" + revision +
           "\" of it in the cache " + folder_.string() + "; download it with `hf download " + model +
           (revision.empty() || revision == "main" ? "" : " --revision " + revision) + "`, or give a folder";
  }
};

TEST_F(SnapshotTest, FollowsMain) {
  MakeSnapshot(kCommit);
  MakeRef("main", kCommit);
  const Snapshot found = FindSnapshot("org/name", "main");
  EXPECT_EQ(found.commit, kCommit);
  EXPECT_EQ(found.folder, folder_ / "models--org--name" / "snapshots" / kCommit);
}

TEST_F(SnapshotTest, FollowsTagsAndNestedRefs) {
  MakeSnapshot(kCommit);
  MakeSnapshot(kOther);
  MakeRef("main", kCommit);
  MakeRef("v1.0", kOther);
  MakeRef("refs/pr/1", kOther);
  EXPECT_EQ(FindSnapshot("org/name", "v1.0").commit, kOther);
  EXPECT_EQ(FindSnapshot("org/name", "refs/pr/1").commit, kOther);
  EXPECT_EQ(FindSnapshot("org/name", "main").commit, kCommit);
}

TEST_F(SnapshotTest, TakesACommitWithoutAnyRef) {
  MakeSnapshot(kCommit);
  EXPECT_EQ(FindSnapshot("org/name", kCommit).commit, kCommit);
}

TEST_F(SnapshotTest, FindsAModelWithoutOwner) {
  Write(std::string("models--gpt2/snapshots/") + kCommit + "/config.json", "{}");
  EXPECT_EQ(FindSnapshot("gpt2", kCommit).folder, folder_ / "models--gpt2" / "snapshots" / kCommit);
}

TEST_F(SnapshotTest, SaysWhatIsMissing) {
  EXPECT_EQ(ErrorOf([] { FindSnapshot("org/name", "main"); }), Missing("org/name", "main"));
  MakeSnapshot(kCommit);
  EXPECT_EQ(ErrorOf([] { FindSnapshot("org/name", "main"); }), Missing("org/name", "main"));
  MakeRef("main", kCommit);
  EXPECT_EQ(ErrorOf([] { FindSnapshot("org/name", "v2"); }), Missing("org/name", "v2"));
  const std::string snapshot = At(std::string("models--org--name/snapshots/") + kOther);
  EXPECT_EQ(ErrorOf([] { FindSnapshot("org/name", kOther); }),
            "kSystem: org/name: no config.json in the cached snapshot " + snapshot +
                "; download it with `hf download org/name --revision " + kOther + "`, or give a folder");
}

// The hint is there to be copied into a shell.
TEST_F(SnapshotTest, HintLeavesOutARevisionThatAShellWouldRead) {
  for (const char* revision : {"$(x)", "a b", "a;b", "`x`", "-x"}) {
    const std::string error = ErrorOf([&] { FindSnapshot("org/name", revision); });
    EXPECT_NE(error.find("with `hf download org/name`,"), std::string::npos) << error;
  }
}

// Disabled until FindSnapshot looks before it reads: an exception of the standard library comes out now.
TEST_F(SnapshotTest, RefusesARevisionThatIsAFolder) {
  MakeSnapshot(kCommit);
  MakeRef("refs/pr/1", kCommit);
  for (const char* revision : {"", "refs", "refs/pr"}) {
    EXPECT_EQ(ErrorOf([&] { FindSnapshot("org/name", revision); }), Missing("org/name", revision))
        << revision;
  }
}

TEST_F(SnapshotTest, RefusesALinkIntoNowhere) {
  MakeSnapshot(kCommit);
  MakeRef("main", kCommit);
  fs::remove(folder_ / "models--org--name" / "blobs" / "e3b0c442");
  EXPECT_EQ(ErrorOf([] { FindSnapshot("org/name", "main"); }).rfind("kSystem: org/name: no config.json", 0),
            0u);
}

TEST_F(SnapshotTest, RefusesARefThatIsNoCommit) {
  MakeSnapshot(kCommit);
  for (const std::string& content :
       {std::string(), std::string("main"), std::string("../../../../etc"), std::string(40, 'g'),
        std::string(40, 'A'), std::string(39, 'a'), std::string(41, 'a')}) {
    MakeRef("main", content);
    EXPECT_EQ(ErrorOf([] { FindSnapshot("org/name", "main"); }), Missing("org/name", "main")) << content;
  }
}

// Even where a file with a commit in it lies outside the refs.
TEST_F(SnapshotTest, RefusesARevisionThatLeavesTheRefs) {
  MakeSnapshot(kCommit);
  MakeRef("main", kCommit);
  Write("outside", kCommit);
  EXPECT_EQ(ErrorOf([] { FindSnapshot("org/name", "../../outside"); }), Missing("org/name", "../../outside"));
  EXPECT_EQ(ErrorOf([] { FindSnapshot("org/name", "../refs/main"); }), Missing("org/name", "../refs/main"));
}

}  // namespace
}  // namespace headspec::hub
