#include "checkpoint/mapped_file.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <utility>
#include <vector>

#include "checkpoint/bytes.h"
#include "error_of.h"
#include "temporary_folder.h"

namespace headspec::checkpoint {
namespace {

using MappedFileTest = TemporaryFolderTest;

TEST_F(MappedFileTest, ShowsTheBytesOfTheFile) {
  const auto path = Write("f", "hello");
  const MappedFile file = MappedFile::Open(path);
  EXPECT_EQ(Text(file.bytes()), "hello");
  EXPECT_EQ(file.path(), path);
}

TEST_F(MappedFileTest, TakesAnEmptyFile) {
  const MappedFile file = MappedFile::Open(Write("f", ""));
  EXPECT_TRUE(file.bytes().empty());
  file.WillNeed(file.bytes());
  file.DontNeed(file.bytes());
}

TEST_F(MappedFileTest, KeepsItsBytesWhenMoved) {
  MappedFile file = MappedFile::Open(Write("f", "hello"));
  const auto bytes = file.bytes();
  MappedFile other = MappedFile::Open(Write("g", "other"));
  other = std::move(file);
  const MappedFile last = std::move(other);
  EXPECT_EQ(last.bytes().data(), bytes.data());
  EXPECT_EQ(Text(bytes), "hello");
}

TEST_F(MappedFileTest, TakesAdviceForAnyPartAndKeepsTheBytes) {
  std::string content;
  for (int i = 0; i < 20000; ++i) content += static_cast<char>(i % 251);
  const MappedFile file = MappedFile::Open(Write("f", content));
  for (const auto& [begin, length] : std::vector<std::pair<std::size_t, std::size_t>>{
           {0, 0}, {0, 1}, {4095, 2}, {1, 20}, {5000, 9000}, {19999, 1}, {0, 20000}, {20000, 0}}) {
    file.WillNeed(file.bytes().subspan(begin, length));
    file.DontNeed(file.bytes().subspan(begin, length));
    EXPECT_EQ(Text(file.bytes()), content);
  }
}

// How many of the pages of `bytes` are mapped in for this process, by its own account.
std::size_t Resident(std::span<const std::byte> bytes) {
  std::ifstream maps("/proc/self/smaps");
  const auto start = fmt::format("{:x}-", reinterpret_cast<std::uintptr_t>(bytes.data()));
  std::string line;
  while (std::getline(maps, line) && !line.starts_with(start)) {
  }
  while (std::getline(maps, line) && !line.starts_with("Rss:")) {
  }
  return std::stoul(line.substr(line.find_first_of("0123456789")));
}

TEST_F(MappedFileTest, GivesPagesBack) {
  const MappedFile file = MappedFile::Open(Write("f", std::string(1 << 20, 'x')));
  EXPECT_EQ(Text(file.bytes()).size(), std::size_t{1} << 20);
  if (Resident(file.bytes()) == 0) GTEST_SKIP() << "this kernel does not tell";
  file.DontNeed(file.bytes());
  EXPECT_EQ(Resident(file.bytes()), 0u);
}

TEST_F(MappedFileTest, SaysThatAFileIsMissing) {
  EXPECT_EQ(ErrorOf([&] { MappedFile::Open(folder_ / "f"); }),
            "kSystem: " + At("f") +
                ": cannot open: No such file or directory; check the path, or download the file again");
}

TEST_F(MappedFileTest, RefusesAFolder) {
  EXPECT_EQ(ErrorOf([&] { MappedFile::Open(folder_); }),
            "kInput: " + folder_.string() +
                ": expected a file, found a folder; remove it and download the file again");
}

TEST_F(MappedFileTest, RefusesAPipeWithoutWaiting) {
  const std::string path = (folder_ / "p").string();
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(
      ErrorOf([&] { MappedFile::Open(path); }),
      "kInput: " + path + ": expected a file, found a device or pipe; remove it and download the file again");
}

TEST_F(MappedFileTest, SaysThatPermissionIsMissing) {
  const auto path = Write("f", "x");
  std::filesystem::permissions(path, std::filesystem::perms::none);
  std::filesystem::permissions(path.parent_path(), std::filesystem::perms::others_exec,
                               std::filesystem::perm_options::add);
  const uid_t user = geteuid();
  constexpr uid_t kNobody = 65534;  // root reads everything
  if (user == 0) {
    ASSERT_EQ(seteuid(kNobody), 0);
  }
  const std::string error = ErrorOf([&] { MappedFile::Open(path); });
  ASSERT_EQ(seteuid(user), 0);
  EXPECT_EQ(error,
            "kSystem: " + path.string() + ": cannot open: Permission denied; give yourself read permission");
}

}  // namespace
}  // namespace headspec::checkpoint
