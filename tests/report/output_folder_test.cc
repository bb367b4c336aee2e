#include "report/output_folder.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include "report/helpers.h"

namespace headspec::report {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

class OutputFolderTest : public testing::Test {
 protected:
  TemporaryFolder base_;
  fs::path target_ = base_.path() / "results" / "run_1";
};

TEST_F(OutputFolderTest, AppearsOnlyWhenCommitted) {
  OutputFolder folder(target_);
  EXPECT_EQ(folder.Target(), target_);
  EXPECT_EQ(folder.WorkPath(), base_.path() / "results" / (".run_1.partial-" + std::to_string(::getpid())));
  folder.Write("results.json", "{}");
  folder.Write("zeros", std::string(3, '\0'));
  EXPECT_FALSE(fs::exists(target_));
  folder.Commit();
  EXPECT_EQ(NamesIn(target_), (Names{"results.json", "zeros"}));
  EXPECT_EQ(ReadFile(target_ / "zeros"), std::string(3, '\0'));
  EXPECT_EQ(NamesIn(base_.path() / "results"), (Names{"run_1"}));
}

TEST_F(OutputFolderTest, DisappearsWhenNotCommitted) {
  {
    OutputFolder folder(target_);
    folder.Write("results.json", "{}");
    fs::create_directory(folder.WorkPath() / "sub");
  }
  EXPECT_EQ(NamesIn(base_.path() / "results"), Names{});
}

TEST_F(OutputFolderTest, StaysAfterCommitWhenDestroyed) {
  {
    OutputFolder folder(target_);
    folder.Write("a", "1");
    folder.Commit();
  }
  EXPECT_EQ(ReadFile(target_ / "a"), "1");
}

TEST_F(OutputFolderTest, NeverTouchesAFolderThatHoldsSomething) {
  fs::create_directories(target_);
  PutFile(target_ / "mine", "1");
  EXPECT_EQ(ErrorOf([&] { OutputFolder{target_}; }, ErrorKind::kSystem),
            "output folder " + target_.string() +
                " is not empty; nothing is overwritten: remove it or choose another one");
  EXPECT_EQ(NamesIn(target_), Names{"mine"});
}

TEST_F(OutputFolderTest, TakesAnEmptyFolderEvenWithATrailingSlash) {
  fs::create_directories(target_);
  OutputFolder folder(target_.string() + "/");
  folder.Write("a", "1");
  folder.Commit();
  EXPECT_EQ(NamesIn(target_), Names{"a"});
}

TEST_F(OutputFolderTest, RefusesAFile) {
  PutFile(base_.path() / "file", "");
  EXPECT_EQ(ErrorOf([&] { OutputFolder{base_.path() / "file"}; }, ErrorKind::kSystem),
            "output folder " + (base_.path() / "file").string() + " is a file; choose another one");
}

TEST_F(OutputFolderTest, LosesARaceWithoutHarm) {
  OutputFolder folder(target_);
  folder.Write("a", "1");
  fs::create_directories(target_);
  PutFile(target_ / "theirs", "2");
  EXPECT_NE(ErrorOf([&] { folder.Commit(); }, ErrorKind::kSystem).find(target_.string() + " is not empty"),
            std::string::npos);
  EXPECT_EQ(NamesIn(target_), Names{"theirs"});
}

TEST_F(OutputFolderTest, TwoOfOneProcessDoNotMeet) {
  OutputFolder first(target_);
  OutputFolder second(target_);
  EXPECT_NE(first.WorkPath(), second.WorkPath());
}

TEST_F(OutputFolderTest, WritesPlainNamesOnly) {
  OutputFolder folder(target_);
  for (const char* name : {"", ".", "..", "../escape", "a/b"}) {
    EXPECT_THROW(folder.Write(name, ""), Error) << name;
  }
}

TEST_F(OutputFolderTest, ParentThatIsAFileIsNamed) {
  PutFile(base_.path() / "file", "");
  EXPECT_EQ(ErrorOf([&] { OutputFolder{base_.path() / "file" / "run"}; }, ErrorKind::kSystem),
            "cannot create a folder in " + (base_.path() / "file").string() +
                ": Not a directory; choose an output folder that can be written");
}

// Root may write everywhere, so the check runs as the user "nobody" then.
TEST_F(OutputFolderTest, ParentThatCannotBeWrittenIsNamed) {
  const fs::path parent = base_.path() / "locked";
  fs::create_directory(parent);
  fs::permissions(base_.path(), fs::perms::owner_all | fs::perms::others_read | fs::perms::others_exec);
  fs::permissions(parent, fs::perms::owner_read | fs::perms::owner_exec | fs::perms::others_read |
                              fs::perms::others_exec);
  const bool root = ::geteuid() == 0;
  if (root) {
    ASSERT_EQ(::seteuid(65534), 0);
  }
  const std::string error = ErrorOf([&] { OutputFolder{parent / "run"}; }, ErrorKind::kSystem);
  if (root) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  EXPECT_EQ(error, "cannot create a folder in " + parent.string() +
                       ": Permission denied; choose an output folder that can be written");
}

TEST_F(OutputFolderTest, FullDiskIsNamedWithFileAndBytes) {
  OutputFolder folder(target_);
  fs::create_symlink("/dev/full", folder.WorkPath() / "results.json");
  EXPECT_EQ(ErrorOf([&] { folder.Write("results.json", std::string(5000, 'x')); }, ErrorKind::kSystem),
            "cannot write " + (folder.WorkPath() / "results.json").string() +
                " (5000 bytes): No space left on device; free some space or choose another output folder");
}

// A write that fits at first and then does not: only a small file system shows it, and only root may mount
// one.
TEST_F(OutputFolderTest, DiskThatFillsUpLeavesNothing) {
  const fs::path disk = base_.path() / "disk";
  fs::create_directory(disk);
  if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=64k") != 0) {
    GTEST_SKIP() << "a small tmpfs cannot be mounted here; /dev/full stands for it in the test above";
  }
  {
    OutputFolder folder(disk / "run");
    folder.Write("small", "1");
    EXPECT_NE(ErrorOf([&] { folder.Write("large", std::string(1 << 20, 'x')); }, ErrorKind::kSystem)
                  .find("large (1048576 bytes): No space left on device"),
              std::string::npos);
  }
  EXPECT_EQ(NamesIn(disk), Names{});
  EXPECT_EQ(::umount(disk.c_str()), 0);
}

}  // namespace
}  // namespace headspec::report
