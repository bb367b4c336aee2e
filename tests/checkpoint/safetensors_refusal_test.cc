// One malformed file for each cause, and the whole message it is refused with.
#include <gtest/gtest.h>

#include <ostream>
#include <vector>

#include "checkpoint/bytes.h"
#include "checkpoint/safetensors.h"
#include "error_of.h"

namespace headspec::checkpoint {
namespace {

struct Malformed {
  const char* name;
  std::string file;
  std::string message;  // after "kInput: f: "
};

void PrintTo(const Malformed& malformed, std::ostream* out) { *out << malformed.name; }

using namespace std::string_literals;  // NOLINT: for literals with NUL bytes

const std::string kAgain = "; download the file again";
const std::string kDamaged = "; the file is damaged or its writer is at fault: download or export it again";

std::string Json(const std::string& what) { return "InvalidHeaderDeserialization: " + what + kDamaged; }

// A header with one tensor "a" of the given fields, and four bytes of data.
std::string One(const std::string& fields) { return SafetensorsFile("{\"a\":{" + fields + "}}", "1234"); }

class Refuses : public testing::TestWithParam<Malformed> {};

TEST_P(Refuses, WithItsMessage) {
  // A copy of exactly this size, so that the address sanitizer sees a read behind its end.
  const std::vector<char> file(GetParam().file.begin(), GetParam().file.end());
  EXPECT_EQ(ErrorOf([&] { ParseSafetensors(std::as_bytes(std::span(file)), "f"); }),
            "kInput: f: " + GetParam().message);
}

std::string NameOfTest(const testing::TestParamInfo<Malformed>& info) { return info.param.name; }

const Malformed kForeign[] = {
    {"GitLfsPointer",
     "version https://git-lfs.github.com/spec/v1\noid "
     "sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n",
     "GitLfsPointer: a Git-LFS pointer of 130 bytes, not the file it points to (size 12345); run 'git lfs "
     "pull' in "
     "its folder"},
    {"GitLfsPointerWithoutSize", "version https://git-lfs",
     "GitLfsPointer: a Git-LFS pointer of 23 bytes, not the file it points to (size unknown); run 'git lfs "
     "pull' in "
     "its folder"},
    {"HtmlPage", "\n<!DOCTYPE html><html></html>",
     "HtmlPage: a web page (\"<!DOCTYPE html>\"), not a model file; the download link needs a login or is "
     "wrong: "
     "download the file again"},
    {"ShortHtmlPage", "<html>",
     "HtmlPage: a web page (\"<html>\"), not a model file; the download link needs a login or is wrong: "
     "download the "
     "file again"},
    {"ErrorAnswer", R"({"error":"Repository not found"})",
     R"(ErrorAnswer: a server's error answer, not a model file: "{\"error\":\"Repository not found\"}"; remove its cause and download the file again)"},
    {"ZeroFilled", std::string(100, '\0'),
     "ZeroFilled: the first 64 of 100 bytes are zero: an unfinished download" + kAgain},
    {"EightZeros", std::string(8, '\0'),
     "ZeroFilled: the first 8 of 8 bytes are zero: an unfinished download" + kAgain},
};

const Malformed kHeader[] = {
    {"EmptyFile", "", "HeaderTooSmall: expected at least 8 bytes, found 0" + kAgain},
    {"HeaderTooSmall", "\x02\0\0\0\0\0\0"s, "HeaderTooSmall: expected at least 8 bytes, found 7" + kAgain},
    {"HeaderTooLarge", FileWithLength(123456789012, "{}"),
     "HeaderTooLarge: header length 123456789012 exceeds 100000000 bytes; this is no safetensors file, or a "
     "damaged "
     "one: download it again"},
    {"HeaderTooLargeByOne", FileWithLength(100000001, "{}"),
     "HeaderTooLarge: header length 100000001 exceeds 100000000 bytes; this is no safetensors file, or a "
     "damaged one: "
     "download it again"},
    {"HeaderLengthOfAllOnes", FileWithLength(0xFFFFFFFFFFFFFFFF, "{}"),
     "HeaderTooLarge: header length 18446744073709551615 exceeds 100000000 bytes; this is no safetensors "
     "file, or a "
     "damaged one: download it again"},
    {"InvalidHeaderLength", FileWithLength(3, "{}"),
     "InvalidHeaderLength: truncated: expected at least 11 bytes for the header, found 10" + kAgain},
    {"LargestHeaderTruncated", FileWithLength(100000000, "{}"),
     "InvalidHeaderLength: truncated: expected at least 100000008 bytes for the header, found 10" + kAgain},
    {"InvalidHeader", SafetensorsFile("{\"\xFF\":1}"),
     "InvalidHeader: header byte 3 is not valid UTF-8" + kDamaged},
    {"OverlongUtf8", SafetensorsFile("{\"\xC0\x80\":1}"),
     "InvalidHeader: header byte 3 is not valid UTF-8" + kDamaged},
    {"Utf8Surrogate", SafetensorsFile("{\"\xED\xA0\x80\":1}"),
     "InvalidHeader: header byte 3 is not valid UTF-8" + kDamaged},
    {"Utf8CutOff", SafetensorsFile("{\"\xF0\x9F\x98"),
     "InvalidHeader: header byte 3 is not valid UTF-8" + kDamaged},
    {"InvalidHeaderStart", SafetensorsFile("[]"),
     R"(InvalidHeaderStart: expected the header to begin with "{", found "[")" + kDamaged},
    {"PaddedOnTheLeft", SafetensorsFile(" {}"),
     R"(InvalidHeaderStart: expected the header to begin with "{", found " ")" + kDamaged},
    {"ByteOrderMark", SafetensorsFile("\xEF\xBB\xBF{}"),
     R"(InvalidHeaderStart: expected the header to begin with "{", found "\xEF")" + kDamaged},
    {"NoHeader", FileWithLength(0, "{}"),
     R"(InvalidHeaderStart: expected the header to begin with "{", found "")" + kDamaged},
};

const Malformed kJson[] = {
    {"NotJson", SafetensorsFile("{\"a\""), Json("the header is not valid JSON near byte 5")},
    {"TextAfterTheObject", SafetensorsFile("{}{}"), Json("the header is not valid JSON near byte 3")},
    {"NulInHeader", SafetensorsFile("{}\0"s), Json("the header is not valid JSON: a NUL at byte 3")},
    {"Comment", SafetensorsFile("{/**/}"), Json("the header is not valid JSON near byte 2")},
    {"LoneSurrogateEscape", SafetensorsFile(R"({"\ud800":{}})"),
     Json("the header is not valid JSON near byte 9")},
    {"DuplicateTensor",
     SafetensorsFile(
         R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
         "1"),
     Json(R"(duplicate key "a")")},
    {"DuplicateTensorInDisguise",
     SafetensorsFile(
         R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\u0061":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
         "1"),
     Json(R"(duplicate key "a")")},
    {"DuplicateMetadata", SafetensorsFile(R"({"__metadata__":{},"__metadata__":{}})"),
     Json(R"(duplicate key "__metadata__")")},
    {"DuplicateMetadataKey", SafetensorsFile(R"({"__metadata__":{"k":"1","k":"2"}})"),
     Json(R"(__metadata__: duplicate key "k")")},
    {"MetadataNotAnObject", SafetensorsFile(R"({"__metadata__":[]})"),
     Json("__metadata__: expected an object, found an array")},
    {"MetadataNumber", SafetensorsFile(R"({"__metadata__":{"k":3}})"),
     Json(R"(__metadata__: "k": expected a string, found 3)")},
    {"MetadataNested", SafetensorsFile(R"({"__metadata__":{"k":{}}})"),
     Json(R"(__metadata__: "k": expected a string, found an object)")},
    {"TensorNotAnObject", SafetensorsFile(R"({"a":7})"), Json(R"(tensor "a": expected an object, found 7)")},
    {"TensorNull", SafetensorsFile(R"({"a":null})"), Json(R"(tensor "a": expected an object, found null)")},
    {"UnknownField", One(R"("strides":[1])"),
     Json(R"(tensor "a": unknown field "strides", expected dtype, shape and data_offsets)")},
    {"DuplicateField", One(R"("dtype":"F32","dtype":"F32")"), Json(R"(tensor "a": dtype: given twice)")},
    {"MissingDType", One(R"("shape":[1],"data_offsets":[0,4])"),
     Json(R"(tensor "a": field dtype is missing)")},
    {"MissingShape", One(R"("dtype":"F32","data_offsets":[0,4])"),
     Json(R"(tensor "a": field shape is missing)")},
    {"MissingOffsets", One(R"("dtype":"F32","shape":[1])"),
     Json(R"(tensor "a": field data_offsets is missing)")},
    {"UnknownDType", One(R"("dtype":"F33")"), Json(R"(tensor "a": dtype: unknown dtype "F33")")},
    {"LowerCaseDType", One(R"("dtype":"f32")"), Json(R"(tensor "a": dtype: unknown dtype "f32")")},
    {"DTypeNotAString", One(R"("dtype":32)"), Json(R"(tensor "a": dtype: expected a string, found 32)")},
    {"DTypeArray", One(R"("dtype":[])"), Json(R"(tensor "a": dtype: expected a string, found an array)")},
    {"ShapeNotAnArray", One(R"("shape":"1")"), Json(R"(tensor "a": shape: expected an array, found "1")")},
    {"NegativeShape", One(R"("shape":[-1])"),
     Json(R"(tensor "a": shape: expected unsigned integers, found -1)")},
    {"FloatShape", One(R"("shape":[1.0])"),
     Json(R"(tensor "a": shape: expected unsigned integers, found 1.0)")},
    {"ShapeBeyond64Bits", One(R"("shape":[18446744073709551616])"),
     Json(R"(tensor "a": shape: expected unsigned integers, found 18446744073709551616)")},
    {"LongNumber", One("\"shape\":[0." + std::string(1000, '1') + "]"),
     Json(R"(tensor "a": shape: expected unsigned integers, found 0.)" + std::string(38, '1'))},
    {"NumberBeyondDouble", One(R"("shape":[1e999])"), Json("the header is not valid JSON near byte 20")},
    {"NestedShape", One(R"("shape":[[1]])"),
     Json(R"(tensor "a": shape: expected unsigned integers, found an array)")},
    {"BooleanOffset", One(R"("data_offsets":[false,4])"),
     Json(R"(tensor "a": data_offsets: expected unsigned integers, found false)")},
    {"OneOffset", One(R"("data_offsets":[0])"),
     Json(R"(tensor "a": data_offsets: expected 2 numbers, found 1)")},
    {"ThreeOffsets", One(R"("data_offsets":[0,4,8])"),
     Json(R"(tensor "a": data_offsets: expected 2 numbers, found more)")},
    {"NestingBombOfArrays", SafetensorsFile("{\"a\":" + std::string(1000000, '[')),
     Json(R"(tensor "a": expected an object, found an array)")},
    {"HostileName", SafetensorsFile(R"({"\n\u001b[2J\u0085\u2028\"\\)" + std::string(1000, 'x') + R"(":0})"),
     Json("tensor \"\\x0A\\x1B[2J\\xC2\\x85\\xE2\\x80\\xA8\\\"\\\\" + std::string(85, 'x') +
          "...\": expected an object, found 0")},
};

std::string Two(const std::string& b_offsets) {
  return SafetensorsFile(
      R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[2],"data_offsets":)" +
          b_offsets + "}}",
      "123456");
}

std::string HugeTensors() {
  std::string header = "{";
  for (std::uint64_t i = 0; i < 8; ++i) {
    const std::uint64_t size = std::uint64_t{1} << 60;
    header += (i == 0 ? "\"" : ",\"") + std::to_string(i) + R"(":{"dtype":"U8","shape":[)" +
              std::to_string(size) + R"(],"data_offsets":[)" + std::to_string(i * size) + "," +
              std::to_string((i + 1) * size) + "]}";
  }
  return SafetensorsFile(header + "}");
}

const Malformed kValidation[] = {
    {"HoleAtTheStart", One(R"("dtype":"U8","shape":[3],"data_offsets":[1,4])"),
     R"(InvalidOffset: tensor "a": hole: begins at 1, expected 0)" + kDamaged},
    {"Hole", Two("[5,7]"), R"(InvalidOffset: tensor "b": hole: begins at 5, expected 4)" + kDamaged},
    {"Overlap", Two("[3,5]"), R"(InvalidOffset: tensor "b": overlap: begins at 3, expected 4)" + kDamaged},
    {"EndsBeforeItBegins", Two("[4,2]"),
     R"(InvalidOffset: tensor "b": ends at 2, before it begins at 4)" + kDamaged},
    {"ValidationOverflowOfElements",
     One(R"("dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,4])"),
     R"(ValidationOverflow: tensor "a": U8 [4294967296, 4294967296] has too many elements)" + kDamaged},
    {"ValidationOverflowBeforeAZero",
     One(R"("dtype":"U8","shape":[4294967296,4294967296,0],"data_offsets":[0,0])"),
     R"(ValidationOverflow: tensor "a": U8 [4294967296, 4294967296, 0] has too many elements)" + kDamaged},
    {"ValidationOverflowOfBits", One(R"("dtype":"F32","shape":[1152921504606846976],"data_offsets":[0,4])"),
     R"(ValidationOverflow: tensor "a": F32 [1152921504606846976] has too many bits)" + kDamaged},
    {"ValidationOverflowOfTheFile", HugeTensors(),
     R"(ValidationOverflow: tensor "7": ends at 9223372036854775808, beyond any file)" + kDamaged},
    {"MisalignedSlice", One(R"("dtype":"F4","shape":[7],"data_offsets":[0,4])"),
     R"(MisalignedSlice: tensor "a": F4 [7] takes 28 bits, not a whole number of bytes)" + kDamaged},
    {"TensorInvalidInfo", One(R"("dtype":"F32","shape":[2],"data_offsets":[0,4])"),
     R"(TensorInvalidInfo: tensor "a": F32 [2] takes 8 bytes, its data_offsets [0, 4] span 4)" + kDamaged},
    {"TensorInvalidInfoOfManyDimensions",
     One(R"("dtype":"U8","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],"data_offsets":[0,4])"),
     R"(TensorInvalidInfo: tensor "a": U8 of 17 dimensions takes 1 bytes, its data_offsets [0, 4] span 4)" +
         kDamaged},
    {"TruncatedData", SafetensorsFile(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "123"),
     "MetadataIncompleteBuffer: truncated: expected 66 bytes, found 65" + kAgain},
    {"TrailingBytes", SafetensorsFile(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "12345"),
     "MetadataIncompleteBuffer: trailing bytes: expected 66 bytes, found 67" + kDamaged},
    {"DataWithoutTensors", SafetensorsFile("{}", "1"),
     "MetadataIncompleteBuffer: trailing bytes: expected 10 bytes, found 11" + kDamaged},
};

INSTANTIATE_TEST_SUITE_P(Foreign, Refuses, testing::ValuesIn(kForeign), NameOfTest);
INSTANTIATE_TEST_SUITE_P(Header, Refuses, testing::ValuesIn(kHeader), NameOfTest);
INSTANTIATE_TEST_SUITE_P(Json, Refuses, testing::ValuesIn(kJson), NameOfTest);
INSTANTIATE_TEST_SUITE_P(Validation, Refuses, testing::ValuesIn(kValidation), NameOfTest);

std::string ValidFile() {
  return SafetensorsFile(
      R"({"__metadata__":{"format":"pt"},"w":{"dtype":"BF16","shape":[2,3],"data_offsets":[4,16]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"s":{"dtype":"I64","shape":[],"data_offsets":[16,24]}}    )",
      "0123456789abcdefghijklmn");
}

// Whatever one byte of length and header becomes, the file parses to something inside it or is refused.
TEST(Safetensors, SurvivesEverySingleByteCorruption) {
  const std::string valid = ValidFile();
  const std::size_t data_offset = ParseSafetensors(Bytes(valid), "f").data_offset;
  int parsed = 0;
  for (std::size_t position = 0; position < data_offset; ++position) {
    for (int flip = 1; flip < 256; ++flip) {
      std::string file = valid;
      file[position] = static_cast<char>(static_cast<unsigned char>(file[position]) ^ flip);
      try {
        const auto header = ParseSafetensors(Bytes(file), "f");
        ++parsed;
        ASSERT_LE(header.data_offset, file.size());
        for (const auto& tensor : header.tensors) ASSERT_LE(tensor.end, file.size() - header.data_offset);
      } catch (const Error& error) {
        ASSERT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
      }
    }
  }
  EXPECT_GT(parsed, 0);  // a letter of a name may become another
}

TEST(Safetensors, RefusesEveryTruncation) {
  const std::string valid = ValidFile();
  for (std::size_t length = 0; length < valid.size(); ++length) {
    const std::vector<char> file(valid.begin(), valid.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_THROW(ParseSafetensors(std::as_bytes(std::span(file)), "f"), Error) << length;
  }
}

}  // namespace
}  // namespace headspec::checkpoint
