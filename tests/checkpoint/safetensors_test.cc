#include "checkpoint/safetensors.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "checkpoint/bytes.h"

namespace headspec::checkpoint {
namespace {

SafetensorsHeader Parse(const std::string& file) { return ParseSafetensors(Bytes(file), "f"); }

TEST(Safetensors, ReadsTypeShapeAndPlace) {
  const auto header = Parse(SafetensorsFile(
      R"({"w":{"dtype":"BF16","shape":[2,3],"data_offsets":[4,16]},"b":{"data_offsets":[0,4],"shape":[1],"dtype":"F32"}})",
      "0123456789abcdef"));
  ASSERT_EQ(header.tensors.size(), 2u);
  EXPECT_EQ(header.tensors[0].name, "b");
  EXPECT_EQ(header.tensors[0].dtype, DType::kF32);
  EXPECT_EQ(header.tensors[1].name, "w");
  EXPECT_EQ(header.tensors[1].dtype, DType::kBF16);
  EXPECT_EQ(header.tensors[1].shape, (std::vector<std::uint64_t>{2, 3}));
  EXPECT_EQ(header.tensors[1].begin, 4u);
  EXPECT_EQ(header.tensors[1].end, 16u);
  EXPECT_TRUE(header.metadata.empty());
}

TEST(Safetensors, ReadsScalarsAndTensorsWithoutElements) {
  const auto header = Parse(SafetensorsFile(
      R"({"s":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"z":{"dtype":"F32","shape":[0,18446744073709551615],"data_offsets":[0,0]},"e":{"dtype":"F4","shape":[7,0],"data_offsets":[4,4]}})",
      "1234"));
  ASSERT_EQ(header.tensors.size(), 3u);
  EXPECT_EQ(header.tensors[0].name, "z");
  EXPECT_EQ(header.tensors[1].name, "s");
  EXPECT_TRUE(header.tensors[1].shape.empty());
  EXPECT_EQ(header.tensors[2].name, "e");
}

TEST(Safetensors, ReadsAnEmptyFileOfNoTensors) { EXPECT_TRUE(Parse(SafetensorsFile("{}")).tensors.empty()); }

TEST(Safetensors, TakesDataAtAnyAlignmentAndAPaddedHeader) {
  const std::string header = R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
  for (std::size_t padding = 0; padding < 9; ++padding) {
    const auto parsed = Parse(SafetensorsFile(header + std::string(padding, ' '), "1234"));
    EXPECT_EQ(parsed.data_offset, 8 + header.size() + padding);
  }
}

// 60 is '<' and 123 is '{': such a file must not be taken for a web page or an error answer.
TEST(Safetensors, TakesHeadersWhoseLengthLooksLikeText) {
  for (const std::size_t length : {60u, 123u, 0x3C3Cu}) {
    std::string header = R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
    header.resize(length, ' ');
    EXPECT_EQ(Parse(SafetensorsFile(header, "1234")).tensors.size(), 1u);
  }
}

TEST(Safetensors, ReadsMetadata) {
  const auto header = Parse(SafetensorsFile(R"({"__metadata__":{"format":"pt","":"\u00e9\n"}})"));
  EXPECT_EQ(header.metadata, (std::map<std::string, std::string>{{"format", "pt"}, {"", "é\n"}}));
  EXPECT_TRUE(header.tensors.empty());
}

TEST(Safetensors, TakesNullMetadataAsTheCrateDoes) {
  EXPECT_TRUE(Parse(SafetensorsFile(R"({"__metadata__":null})")).metadata.empty());
}

TEST(Safetensors, ReadsEveryDType) {
  for (int i = 0; i <= static_cast<int>(DType::kU64); ++i) {
    const auto dtype = static_cast<DType>(i);
    const auto bytes = static_cast<std::size_t>(BitsOf(dtype));  // of eight elements
    const auto header = Parse(SafetensorsFile(
        fmt::format(R"({{"t":{{"dtype":"{}","shape":[8],"data_offsets":[0,{}]}}}})", NameOf(dtype), bytes),
        std::string(bytes, 'x')));
    EXPECT_EQ(header.tensors.at(0).dtype, dtype) << NameOf(dtype);
  }
}

TEST(Safetensors, TakesAnyNameThatIsJson) {
  const auto header = Parse(SafetensorsFile(
      R"({"":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\ud83d\ude00\u0000":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
      "12"));
  EXPECT_EQ(header.tensors[0].name, "");
  EXPECT_EQ(header.tensors[1].name, std::string("😀\0", 5));
}

TEST(Safetensors, AllowsValuesThatAreNotNumbers) {
  EXPECT_EQ(Parse(SafetensorsFile(R"({"nan":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
                                  "\xFF\xFF\xFF\xFF"))
                .tensors.size(),
            1u);
}

}  // namespace
}  // namespace headspec::checkpoint
