// Every well-formed character and the borders of each range in Unicode 15, table 3-7.
#include "core/utf8.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace headspec {
namespace {

constexpr auto kNone = std::string_view::npos;

std::string Encoded(char32_t c) {
  const auto byte = [](char32_t bits) { return static_cast<char>(bits); };
  const auto tail = [&byte](char32_t bits) { return byte(0x80 | (bits & 0x3F)); };
  if (c < 0x80) return {byte(c)};
  if (c < 0x800) return {byte(0xC0 | (c >> 6)), tail(c)};
  if (c < 0x10000) return {byte(0xE0 | (c >> 12)), tail(c >> 6), tail(c)};
  return {byte(0xF0 | (c >> 18)), tail(c >> 12), tail(c >> 6), tail(c)};
}

TEST(Utf8, EveryCodePointIsOneCharacterAndNoSurrogateIs) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    const bool surrogate = c >= 0xD800 && c <= 0xDFFF;
    const std::string character = Encoded(c);
    ASSERT_EQ(Utf8Length(character), surrogate ? 0 : character.size()) << static_cast<unsigned>(c);
    if (!surrogate) {
      ASSERT_EQ(Utf8CodePoint(character), c);
    }
  }
}

TEST(Utf8, LooksAtTheFirstCharacterOnly) {
  EXPECT_EQ(Utf8Length("ab"), 1u);
  EXPECT_EQ(Utf8Length("\u00E9\xFF"), 2u);
  EXPECT_EQ(Utf8Length(""), 0u);
  EXPECT_EQ(Utf8Length(std::string_view("\0", 1)), 1u);
}

TEST(Utf8, RefusesWhatIsNotWellFormed) {
  const std::vector<std::vector<std::string_view>> refused = {
      {"\x80", "\xBF"},                                  // a continuation byte first
      {"\xC0\xAF", "\xC1\xBF"},                          // overlong, two bytes
      {"\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF"},              // overlong, three and four
      {"\xED\xA0\x80", "\xED\xBF\xBF"},                  // surrogates
      {"\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF"},  // beyond U+10FFFF
      {"\xC3", "\xE2\x82", "\xF0\x9F\x98"},              // cut short
      {"\xC3(", "\xE2\x82(", "\xF0\x9F\x98("},           // not continued
  };
  for (const auto& kind : refused) {
    for (const std::string_view text : kind) EXPECT_EQ(Utf8Length(text), 0u) << testing::PrintToString(text);
  }
}

TEST(Utf8, FindsTheFirstByteOfWhatIsInvalid) {
  EXPECT_EQ(FindInvalidUtf8(""), kNone);
  EXPECT_EQ(FindInvalidUtf8("plain, \u00E9, \u6F22 and \U0001F600"), kNone);
  EXPECT_EQ(FindInvalidUtf8(std::string_view("a\0b", 3)), kNone);
  EXPECT_EQ(FindInvalidUtf8("\xFF"), 0u);
  EXPECT_EQ(FindInvalidUtf8("\u00E9\xED\xA0\x80"), 2u);
  EXPECT_EQ(FindInvalidUtf8("ab\xE2\x82"), 2u);
}

}  // namespace
}  // namespace headspec
