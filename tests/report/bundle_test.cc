#include "report/bundle.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <utime.h>

#include <cstdlib>
#include <ctime>

#include "report/helpers.h"

namespace headspec::report {
namespace {

class BundleTest : public testing::Test {
 protected:
  std::filesystem::path Put(const std::string& name, std::string_view bytes) const {
    PutFile(folder_.path() / name, bytes);
    return folder_.path() / name;
  }
  std::vector<BundleEntry> Entries() const {
    return {{"results.json", Put("a", "{\"x\": 1}\n")},
            {"figures/ladder µ.png", Put("b", std::string("\x89PNG\0\xff", 6))},
            {"empty", Put("c", "")}};
  }

  TemporaryFolder folder_;
};

TEST_F(BundleTest, IsReadBackByPython) {
  const auto target = folder_.path() / "bundle.zip";
  WriteBundle(target, Entries());
  const CommandResult read =
      RunCommand("python3 -c \"import sys, zipfile\nz = zipfile.ZipFile('" + target.string() +
                 "')\nassert z.testzip() is None\nfor i in z.infolist(): print(ascii("
                 "i.filename), ascii(z.read(i)), i.date_time, oct(i.external_attr >> 16))\"");
  EXPECT_EQ(read.status, 0);
  EXPECT_EQ(read.output,
            "'results.json' b'{\"x\": 1}\\n' (1980, 1, 1, 0, 0, 0) 0o100644\n"
            "'figures/ladder \\xb5.png' b'\\x89PNG\\x00\\xff' (1980, 1, 1, 0, 0, 0) 0o100644\n"
            "'empty' b'' (1980, 1, 1, 0, 0, 0) 0o100644\n");
  EXPECT_EQ(NamesIn(folder_.path()), (std::vector<std::string>{"a", "b", "bundle.zip", "c"}));
}

TEST_F(BundleTest, SameContentGivesTheSameBytesInAnyZoneAtAnyTime) {
  const std::vector<BundleEntry> entries = Entries();
  WriteBundle(folder_.path() / "first.zip", entries);
  const utimbuf old = {1000000000, 1000000000};
  ASSERT_EQ(::utime(entries[0].file.c_str(), &old), 0);
  ASSERT_EQ(::chmod(entries[1].file.c_str(), 0600), 0);
  const char* zone = std::getenv("TZ");
  const std::string before = zone == nullptr ? "" : zone;
  ::setenv("TZ", "Pacific/Kiritimati", 1);
  ::tzset();
  WriteBundle(folder_.path() / "second.zip", entries);
  zone == nullptr ? ::unsetenv("TZ") : ::setenv("TZ", before.c_str(), 1);
  ::tzset();
  const std::string first = ReadFile(folder_.path() / "first.zip");
  EXPECT_GT(first.size(), 100u);
  EXPECT_EQ(first, ReadFile(folder_.path() / "second.zip"));
}

TEST_F(BundleTest, NeverOverwrites) {
  const auto target = Put("bundle.zip", "mine");
  EXPECT_EQ(ErrorOf([&] { WriteBundle(target, Entries()); }, ErrorKind::kSystem),
            "cannot write bundle " + target.string() +
                ": it exists and nothing is overwritten; choose an output folder that can be written");
  EXPECT_EQ(ReadFile(target), "mine");
}

TEST_F(BundleTest, NamesWhatIsMissingOrTwice) {
  const auto target = folder_.path() / "bundle.zip";
  const auto missing = folder_.path() / "missing";
  EXPECT_NE(ErrorOf(
                [&] {
                  WriteBundle(target, {{"x", missing}});
                },
                ErrorKind::kSystem)
                .find(missing.string() + " is not a file that can be read"),
            std::string::npos);
  EXPECT_NE(ErrorOf(
                [&] {
                  WriteBundle(target, {{"x", Put("a", "")}, {"x", Put("b", "")}});
                },
                ErrorKind::kSystem)
                .find("two files are named x"),
            std::string::npos);
  EXPECT_NE(ErrorOf([&] { WriteBundle(target, {}); }, ErrorKind::kSystem).find("nothing to put into it"),
            std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(target));
}

TEST_F(BundleTest, MissingFolderIsNamedAndNothingIsLeft) {
  const auto target = folder_.path() / "nowhere" / "bundle.zip";
  const std::string error = ErrorOf([&] { WriteBundle(target, {{"x", Put("a", "1")}}); }, ErrorKind::kSystem);
  EXPECT_NE(error.find(target.string()), std::string::npos);
  EXPECT_NE(error.find("No such file or directory"), std::string::npos) << error;
  EXPECT_EQ(NamesIn(folder_.path()), (std::vector<std::string>{"a"}));
}

}  // namespace
}  // namespace headspec::report
