// Digests against published values and git's own object ids.
#include "core/hash.h"

#include <gtest/gtest.h>

#include "error_of.h"
#include "temporary_folder.h"

namespace headspec {
namespace {

// FIPS 180-4 and RFC 1321 examples.
TEST(Hash, GivesThePublishedDigests) {
  EXPECT_EQ(HexHash(HashKind::kSha256, "abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(HexHash(HashKind::kSha1, "abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(HexHash(HashKind::kMd5, "abc"), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(HexHash(HashKind::kMd5, ""), "d41d8cd98f00b204e9800998ecf8427e");
}

TEST(Hash, PiecesMakeTheWhole) {
  Hasher hasher(HashKind::kSha256);
  hasher.Add("a");
  hasher.Add("");
  hasher.Add("bc");
  EXPECT_EQ(hasher.Hex(), HexHash(HashKind::kSha256, "abc"));
}

// `printf 'hello\n' | git hash-object --stdin`, and the empty file's well-known id.
TEST(Hash, NamesFilesAsGitDoes) {
  Hasher hello = GitBlobHasher(6);
  hello.Add("hello\n");
  EXPECT_EQ(hello.Hex(), "ce013625030ba8dba906f756967f9e9ca394464a");
  EXPECT_EQ(GitBlobHasher(0).Hex(), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
}

class HashFileTest : public TemporaryFolderTest {};

TEST_F(HashFileTest, ReadsAFileInBlocksAndTellsOfEach) {
  const std::string content(3'000'001, 'x');
  const auto file = Write("file", content);
  Hasher hasher(HashKind::kSha256);
  std::size_t seen = 0;
  AddFile(file, hasher, [&seen](std::size_t bytes) { seen += bytes; });
  EXPECT_EQ(seen, content.size());
  EXPECT_EQ(hasher.Hex(), HexHash(HashKind::kSha256, content));
}

TEST_F(HashFileTest, SaysWhichFileCannotBeRead) {
  Hasher hasher(HashKind::kSha256);
  EXPECT_EQ(ErrorOf([&] { AddFile(At("none"), hasher); }),
            "kSystem: " + At("none") +
                ": cannot be read (No such file or directory); check the path and its permissions");
}

}  // namespace
}  // namespace headspec
