// Reading a small file of a checkpoint: absent, or whole, or an error that says why.
#include "core/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "core/error.h"
#include "error_of.h"
#include "temporary_folder.h"

namespace headspec {
namespace {

namespace fs = std::filesystem;

class FileTest : public TemporaryFolderTest {
 protected:
  // The error, with the path of the file as FILE.
  std::string ErrorOfFile() const {
    try {
      (void)ReadFile(file_);
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::kSystem);
      return ReplaceAll(e.what(), file_.string(), "FILE");
    }
    return "no error";
  }

  const fs::path file_ = folder_ / "config.json";
};

TEST_F(FileTest, IsReadWhole) {
  const std::string bytes("a\0b\n", 4);
  std::ofstream(file_, std::ios::binary) << bytes;
  EXPECT_EQ(ReadFile(file_), bytes);
  std::ofstream(file_, std::ios::trunc);
  EXPECT_EQ(ReadFile(file_), "");
}

TEST_F(FileTest, IsReadThroughALink) {
  std::ofstream(file_.parent_path() / "blob") << "{}";
  fs::create_symlink("blob", file_);
  EXPECT_EQ(ReadFile(file_), "{}");
}

TEST_F(FileTest, MayBeAbsent) {
  EXPECT_EQ(ReadFile(file_), std::nullopt);
  EXPECT_EQ(ReadFile(file_ / "below"), std::nullopt);
}

TEST_F(FileTest, LinkToNothingIsNotAbsence) {
  fs::create_symlink("blob", file_);
  EXPECT_EQ(ErrorOfFile(), "config.json: a link to a missing file in FILE; download the file again");
}

TEST_F(FileTest, LinkToItselfSaysWhy) {
  fs::create_symlink("config.json", file_);
  EXPECT_EQ(
      ErrorOfFile(),
      "config.json: cannot be read (Too many levels of symbolic links) in FILE; check that it is a file "
      "and its permissions");
}

TEST_F(FileTest, WhatIsNoFileIsNotOpened) {
  const std::string error =
      "config.json: cannot be read in FILE; check that it is a file and its permissions";
  fs::create_directory(file_);
  EXPECT_EQ(ErrorOfFile(), error);
  fs::remove(file_);
  ASSERT_EQ(::mkfifo(file_.c_str(), 0600), 0);
  EXPECT_EQ(ErrorOfFile(), error);
}

}  // namespace
}  // namespace headspec
