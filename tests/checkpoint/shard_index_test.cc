// The index alone; how it is compared with the shards is in checkpoint_test.cc.
#include "checkpoint/shard_index.h"

#include <gtest/gtest.h>

#include "checkpoint/bytes.h"
#include "error_of.h"

namespace headspec::checkpoint {
namespace {

std::string IndexError(const std::string& text) {
  return ErrorOf([&] { ParseShardIndex(Bytes(text), "i"); });
}

std::string Invalid(const std::string& what) {
  return "kInput: i: IndexInvalid: " + what + "; download the index again";
}

TEST(ShardIndex, ReadsTheMap) {
  const std::string text = R"({"metadata":{"total_size":9},"weight_map":{"a":"s1","b":"s2"}})";
  const ShardIndex index = ParseShardIndex(Bytes(text), "i");
  EXPECT_EQ(index.weight_map, (std::map<std::string, std::string>{{"a", "s1"}, {"b", "s2"}}));
}

TEST(ShardIndex, LetsPassWhatItDoesNotKnow) {
  const std::string text =
      R"({"metadata":null,"n":{"weight_map":{"a":1},"a":[{"b":[]}],"a":2},"weight_map":{"a":"s"},"z":-1.5})";
  const ShardIndex index = ParseShardIndex(Bytes(text), "i");
  EXPECT_EQ(index.weight_map.size(), 1u);
}

TEST(ShardIndex, RefusesWhatIsNotAnIndex) {
  EXPECT_EQ(IndexError(""), Invalid("not valid JSON near byte 1"));
  EXPECT_EQ(IndexError("{\"weight_map\""), Invalid("not valid JSON near byte 14"));
  EXPECT_EQ(IndexError("3"), Invalid("expected an object, found 3"));
  EXPECT_EQ(IndexError("[]"), Invalid("expected an object, found an array"));
  EXPECT_EQ(IndexError("\"\xFF\""), Invalid("not valid JSON near byte 2"));
  EXPECT_EQ(IndexError(std::string("{}\0", 3)), Invalid("not valid JSON: a NUL at byte 3"));
  EXPECT_EQ(IndexError("{}"), Invalid("no weight_map in it"));
  EXPECT_EQ(IndexError(R"({"weight_map":{}})"), Invalid("weight_map is empty"));
  EXPECT_EQ(IndexError(R"({"weight_map":[]})"), Invalid("weight_map: expected an object, found an array"));
  EXPECT_EQ(IndexError(R"({"weight_map":"s"})"), Invalid(R"(weight_map: expected an object, found "s")"));
  EXPECT_EQ(IndexError(R"({"weight_map":{"a":1}})"),
            Invalid(R"(weight_map: "a": expected a file name, found 1)"));
  EXPECT_EQ(IndexError(R"({"weight_map":{"a":{}}})"),
            Invalid(R"(weight_map: "a": expected a file name, found an object)"));
  EXPECT_EQ(IndexError(R"({"weight_map":{"a":["s"]}})"),
            Invalid(R"(weight_map: "a": expected a file name, found an array)"));
}

TEST(ShardIndex, RefusesDuplicateKeys) {
  EXPECT_EQ(IndexError(R"({"weight_map":{"a":"s","a":"s"}})"), Invalid(R"(weight_map: duplicate key "a")"));
  EXPECT_EQ(IndexError(R"({"weight_map":{"a":"s"},"weight_map":{"b":"s"}})"),
            Invalid(R"(duplicate key "weight_map")"));
}

TEST(ShardIndex, RefusesShardsOutsideTheFolder) {
  for (const std::string name :
       {"../x", "/etc/passwd", "a/b", "a\\\\b", "..", ".", "", "a..b", "a\\u0000b", "a\\nb"}) {
    const std::string error = IndexError(R"({"weight_map":{"a":")" + name + "\"}}");
    EXPECT_TRUE(error.starts_with("kInput: i: IndexShardName: weight_map: \"a\": ")) << error;
  }
  EXPECT_EQ(IndexError(R"({"weight_map":{"a":"../x"}})"),
            "kInput: i: IndexShardName: weight_map: \"a\": \"../x\" is not the plain name of a file in this "
            "folder; do "
            "not trust this checkpoint: download it from its publisher");
}

TEST(ShardIndex, RefusesANestingBomb) {
  EXPECT_EQ(IndexError("{\"x\":" + std::string(1000000, '[')), Invalid("nested deeper than 64 levels"));
}

TEST(ShardIndex, RecognisesWhatIsNoIndexByName) {
  EXPECT_EQ(IndexError("version https://git-lfs.github.com/spec/v1\nsize 7\n"),
            "kInput: i: GitLfsPointer: a Git-LFS pointer of 50 bytes, not the file it points to (size 7); "
            "run 'git lfs "
            "pull' in its folder");
  EXPECT_TRUE(IndexError("<html>").starts_with("kInput: i: HtmlPage: "));
  EXPECT_TRUE(IndexError("{\"error\": 1}").starts_with("kInput: i: ErrorAnswer: "));
  EXPECT_TRUE(IndexError(std::string(20, '\0')).starts_with("kInput: i: ZeroFilled: "));
}

TEST(ShardIndex, SurvivesEverySingleByteCorruption) {
  const std::string valid = R"({"metadata":{"total_size":9},"weight_map":{"a":"s1","b":"s2"}})";
  for (std::size_t position = 0; position < valid.size(); ++position) {
    for (int flip = 1; flip < 256; ++flip) {
      std::string text = valid;
      text[position] = static_cast<char>(static_cast<unsigned char>(text[position]) ^ flip);
      const std::string error = IndexError(text);  // anything but Error would leave the test
      EXPECT_EQ(error.find('\n'), std::string::npos) << error;
    }
  }
}

}  // namespace
}  // namespace headspec::checkpoint
