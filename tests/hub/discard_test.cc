// A downloaded revision leaves the cache again, and nothing else does.
#include "hub/discard.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "hub/blob_lock.h"
#include "temporary_folder.h"

namespace headspec::hub {
namespace {
namespace fs = std::filesystem;

constexpr const char* kOld = "0123456789abcdef0123456789abcdef01234567";
constexpr const char* kNew = "89abcdef0123456789abcdef0123456789abcdef";

class DiscardTest : public TemporaryFolderTest {
 protected:
  using Outcome = CacheRecord::Outcome;

  void Blob(const std::string& name) const { Write("models--org--name/blobs/" + name, name); }
  void Link(const std::string& commit, const std::string& file, const std::string& blob) const {
    Blob(blob);
    repository_.Link(commit, file, blob);
  }
  void Download(const std::string& commit) const {
    Link(commit, "config.json", "config-" + commit);
    Link(commit, "tokenizer.json", "tokenizer");
    Link(commit, "model.safetensors", "weights-" + commit);
    repository_.MarkAbsent(commit, "chat_template.jinja");
  }
  std::set<std::string> Files() const {
    std::set<std::string> names;
    for (const auto& file : fs::recursive_directory_iterator(folder_ / "models--org--name")) {
      if (file.is_symlink() || file.is_regular_file())
        names.insert(file.path().lexically_relative(folder_ / "models--org--name").string());
    }
    return names;
  }
  CacheRecord Record() const { return CacheRecord(repository_, kNew); }

  const Repository repository_{folder_, "org/name"};
  const fs::path turn_ = folder_ / ".locks" / "turn";
};

TEST_F(DiscardTest, LeavesTheCacheAsItWas) {
  Download(kOld);
  repository_.WriteRef("main", kOld);
  const auto before = Files();
  const CacheRecord record = Record();
  Download(kNew);
  repository_.WriteRef("step1", kNew);
  EXPECT_EQ(record.Remove(turn_), Outcome::kRemoved);
  EXPECT_EQ(Files(), before);
  EXPECT_TRUE(repository_.HasFile(kOld, "tokenizer.json"));
  EXPECT_EQ(record.Remove(turn_), Outcome::kNothing);
}

TEST_F(DiscardTest, RemovesTheFolderOfAModelThatWasNotThere) {
  const CacheRecord record = Record();
  Download(kNew);
  EXPECT_EQ(record.Remove(turn_), Outcome::kRemoved);
  EXPECT_FALSE(fs::exists(folder_ / "models--org--name"));
}

TEST_F(DiscardTest, KeepsBlobsThatAnotherSnapshotCameToLinkTo) {
  const CacheRecord record = Record();
  Download(kNew);
  Download(kOld);
  EXPECT_EQ(record.Remove(turn_), Outcome::kRemoved);
  EXPECT_TRUE(repository_.HasFile(kOld, "tokenizer.json"));
  EXPECT_TRUE(repository_.HasFile(kOld, "model.safetensors"));
  EXPECT_FALSE(fs::exists(repository_.Blob(std::string("weights-") + kNew)));
}

TEST_F(DiscardTest, KeepsBlobsAndFilesThatWereThereBefore) {
  Blob("tokenizer");  // linked to by nothing
  Link(kNew, "config.json", std::string("config-") + kNew);
  const auto before = Files();
  const CacheRecord record = Record();
  Download(kNew);
  EXPECT_EQ(record.Remove(turn_), Outcome::kRemoved);
  auto expected = before;
  expected.insert(std::string(".no_exist/") + kNew + "/chat_template.jinja");  // the snapshot is still there
  EXPECT_EQ(Files(), expected);
}

TEST_F(DiscardTest, KeepsWhatOthersPutIntoTheSnapshot) {
  const CacheRecord record = Record();
  Download(kNew);
  Link(kNew, "pytorch_model.bin", "pickle");
  EXPECT_EQ(record.Remove(turn_), Outcome::kRemoved);
  EXPECT_TRUE(repository_.HasFile(kNew, "pytorch_model.bin"));
  EXPECT_FALSE(repository_.HasFile(kNew, "model.safetensors"));
}

TEST_F(DiscardTest, FollowsNoLinkOutOfTheRepository) {
  const fs::path outside = Write("outside/model.safetensors", "mine");
  const CacheRecord record = Record();
  Link(kNew, "config.json", "config");
  fs::create_symlink(outside, repository_.Snapshot(kNew) / "model.safetensors");
  fs::create_symlink("../../blobs/../../outside/model.safetensors", repository_.Snapshot(kNew) / "vocab.txt");
  EXPECT_EQ(record.Remove(turn_), Outcome::kRemoved);
  EXPECT_TRUE(fs::exists(outside));
  EXPECT_FALSE(fs::exists(repository_.Snapshot(kNew)));
}

TEST_F(DiscardTest, WaitsForThoseWhoReadOrDownload) {
  const CacheRecord record = Record();
  Download(kNew);
  BlobLock reader(repository_.UseLock(kNew)), second(repository_.UseLock(kNew));
  ASSERT_EQ(reader.Try(BlobLock::Share::kYes), BlobLock::State::kHeld);
  ASSERT_EQ(second.Try(BlobLock::Share::kYes), BlobLock::State::kHeld);
  EXPECT_EQ(record.Remove(turn_), Outcome::kInUse);
  reader.Release();
  EXPECT_EQ(record.Remove(turn_), Outcome::kInUse);
  second.Release();
  BlobLock downloader(turn_);
  ASSERT_EQ(downloader.Try(), BlobLock::State::kHeld);
  EXPECT_EQ(record.Remove(turn_), Outcome::kInUse);
  EXPECT_TRUE(repository_.HasFile(kNew, "model.safetensors"));
  downloader.Release();
  EXPECT_EQ(record.Remove(turn_), Outcome::kRemoved);
}

}  // namespace
}  // namespace headspec::hub
