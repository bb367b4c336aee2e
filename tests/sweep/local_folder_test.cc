// Folders on a local disk, and what processes leave there that do not end as they should.
#include "sweep/local_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "core/host.h"
#include "error_of.h"
#include "sweep/copy_files.h"
#include "sweep/sweep_of.h"
#include "temporary_folder.h"

namespace headspec::sweep {
namespace {
namespace fs = std::filesystem;

class LocalFolderTest : public TemporaryFolderTest {
 protected:
  // A process that makes a folder with a file and ends at once, as one that is killed.
  void Crash() const {
    const pid_t child = ::fork();
    if (child == 0) {
      const LocalFolder local(folder_);
      std::ofstream(local.path() / "weights") << "many";
      ::_exit(0);
    }
    ASSERT_GT(child, 0);
    ::waitpid(child, nullptr, 0);
  }

  const fs::path own_ = OwnFolderIn(folder_);
};

TEST_F(LocalFolderTest, IsOfThisUserAloneAndGoesWithTheObject) {
  {
    const LocalFolder one(folder_), other(folder_);
    EXPECT_NE(one.path(), other.path());
    struct stat status = {};
    ASSERT_EQ(::stat(own_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0700u);
    std::ofstream(one.path() / "weights") << "many";
  }
  EXPECT_TRUE(fs::is_empty(own_));
}

TEST_F(LocalFolderTest, ClearsUpAfterDeadProcessesAndNobodyElse) {
  const LocalFolder living(folder_);
  std::ofstream(living.path() / "weights") << "mine";
  Crash();
  EXPECT_EQ(FilesIn(own_).size(), 4u);  // two owners, two files
  const std::string other_host = "other-host-0123456789abcdef";
  fs::create_directories(own_ / other_host);
  std::ofstream(own_ / (other_host + ".owner")) << "";
  const LocalFolder next(folder_);
  EXPECT_TRUE(fs::exists(living.path() / "weights"));
  EXPECT_TRUE(fs::exists(own_ / other_host));
  EXPECT_EQ(FilesIn(own_).size(), 4u);  // three owners, one file
}

TEST_F(LocalFolderTest, FollowsNoLinks) {
  const fs::path precious = Write("precious/file", "x");
  { const LocalFolder first(folder_); }
  fs::create_symlink(precious, own_ / (HostName() + "-link.owner"));
  std::ofstream(own_ / (HostName() + "-folder.owner")) << "";
  fs::create_directory_symlink(precious.parent_path(), own_ / (HostName() + "-folder"));
  const LocalFolder next(folder_);
  EXPECT_TRUE(fs::exists(precious));
}

TEST_F(LocalFolderTest, IsRefusedWhereAFileIsInTheWay) {
  Write(own_.filename().string(), "x");
  EXPECT_EQ(ErrorOf([&] { const LocalFolder local(folder_); }),
            "kSystem: local copies: cannot use " + own_.string() +
                " (it belongs to somebody else); name a folder of this machine that can be written, or leave "
                "local copies out");
}

class CopyFilesTest : public TemporaryFolderTest {};

TEST_F(CopyFilesTest, TakesWhatIsMeasuredAndNoOtherFormat) {
  for (const char* name : {"config.json", "tokenizer.json", "merges.txt", "chat_template.jinja", "README.md",
                           "pytorch_model.bin", "consolidated.safetensors", "model.safetensors",
                           "additional_chat_templates/tools.jinja", "onnx/model.onnx"})
    Write(std::string("m/") + name, name);
  std::set<std::string> names;
  for (const fs::path& name : FilesToCopy(folder_ / "m")) names.insert(name.string());
  EXPECT_EQ(names,
            (std::set<std::string>{"config.json", "tokenizer.json", "merges.txt", "chat_template.jinja",
                                   "model.safetensors", "additional_chat_templates/tools.jinja"}));
}

TEST_F(CopyFilesTest, TakesTheShardsThatTheIndexNames) {
  Write("m/model.safetensors.index.json",
        R"({"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}})");
  for (const char* name : {"one", "two", "three"}) Write(std::string("m/") + name + ".safetensors", "x");
  EXPECT_EQ(FilesToCopy(folder_ / "m"),
            (std::vector<fs::path>{"model.safetensors.index.json", "one.safetensors", "two.safetensors"}));
}

TEST_F(CopyFilesTest, SaysWhatDoesNotFit) {
  Write("from", "four");
  SilentProgress silent;
  const std::uint64_t too_much = std::uint64_t{1} << 60;
  const std::string error = ErrorOf([&] { CopyFiles({{At("from"), At("to/file"), too_much}}, silent); });
  EXPECT_TRUE(error.starts_with("kSystem: local copies: 1152921504.61 GB to copy, ")) << error;
  EXPECT_TRUE(FilesIn(folder_ / "to").empty());
}

TEST_F(CopyFilesTest, CopiesBytes) {
  const std::string content(5'000'000, 'x');
  Write("from", content);
  SilentProgress silent;
  CopyFiles({{At("from"), At("a/b/to"), content.size()}}, silent);
  EXPECT_EQ(TextOf(At("a/b/to")), content);
}

}  // namespace
}  // namespace headspec::sweep
