#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "text/tiny_tokenizer.h"

namespace headspec::text {
namespace {

static_assert(!std::is_copy_constructible_v<Tokenizer> && std::is_nothrow_move_constructible_v<Tokenizer> &&
              std::is_nothrow_move_assignable_v<Tokenizer>);

class EncodeTest : public TokenizerTest {
 protected:
  // <s> text </s>
  void WriteBracketed() const {
    TestJson tokenizer = WordTokenizer();
    tokenizer["post_processor"] = Bracketing();
    Write("tokenizer.json", tokenizer);
  }
};

TEST_F(EncodeTest, WordsBecomeIdsAndTokens) {
  Write("tokenizer.json", WordTokenizer());
  const Encoded encoded = Load().Encode("a zebra b", 0);
  EXPECT_EQ(encoded.ids, (Ints{3, 0, 4}));
  EXPECT_EQ(encoded.tokens, (std::vector<std::string>{"a", "<unk>", "b"}));
  EXPECT_FALSE(encoded.truncated);
  EXPECT_EQ(encoded.special_prefix, 0);
}

TEST_F(EncodeTest, EmptyTextIsItsSpecialTokens) {
  Write("tokenizer.json", WordTokenizer());
  EXPECT_EQ(Ids(""), Ints{});
  EXPECT_FALSE(Load().Encode("", 4).truncated);
  WriteBracketed();
  const Encoded encoded = Load().Encode("", 0);
  EXPECT_EQ(encoded.ids, (Ints{1, 2}));
  EXPECT_EQ(encoded.special_prefix, 1);
}

TEST_F(EncodeTest, OneToken) {
  WriteBracketed();
  EXPECT_EQ(Ids("a"), (Ints{1, 3, 2}));
  EXPECT_TRUE(Load().adds_bos());
  EXPECT_EQ(Load().max_id(), 6);
}

TEST_F(EncodeTest, TruncatesTheEndWithSpecialTokensCounted) {
  WriteBracketed();
  const Tokenizer tokenizer = Load();
  EXPECT_EQ(tokenizer.Encode("a b c d", 4).ids, (Ints{1, 3, 4, 2}));
  EXPECT_TRUE(tokenizer.Encode("a b c d", 5).truncated);
  EXPECT_EQ(tokenizer.Encode("a b c d", 6).ids, (Ints{1, 3, 4, 5, 6, 2}));
  EXPECT_FALSE(tokenizer.Encode("a b c d", 6).truncated);
  EXPECT_EQ(tokenizer.Encode("a b c d", 0).ids, tokenizer.Encode("a b c d", -1).ids);
}

TEST_F(EncodeTest, TruncatesTheFrontWhenTheConfigSaysLeft) {
  WriteBracketed();
  Write("tokenizer_config.json", R"({"truncation_side": "left"})");
  const Encoded encoded = Load().Encode("a b c d", 4);
  EXPECT_EQ(encoded.ids, (Ints{1, 5, 6, 2}));
  EXPECT_EQ(encoded.tokens, (std::vector<std::string>{"<s>", "c", "d", "</s>"}));
  EXPECT_TRUE(encoded.truncated);
}

TEST_F(EncodeTest, NoRoomForText) {
  WriteBracketed();
  const Tokenizer tokenizer = Load();
  EXPECT_EQ(tokenizer.Encode("a b", 2).ids, (Ints{1, 2}));
  EXPECT_TRUE(tokenizer.Encode("a b", 2).truncated);
  EXPECT_EQ(
      ErrorOf([&] { tokenizer.Encode("a b", 1); }),
      "prompt: cannot be encoded (max_length is 1, the special tokens alone are 2) with DIR/tokenizer.json; "
      "raise --max-length, or compare with a fresh download of the file");
}

TEST_F(EncodeTest, TheFilesTruncationAndPaddingAreNotApplied) {
  TestJson tokenizer = WordTokenizer();
  tokenizer["truncation"] = {
      {"direction", "Right"}, {"max_length", 1}, {"strategy", "LongestFirst"}, {"stride", 0}};
  tokenizer["padding"] = {
      {"strategy", {{"Fixed", 8}}}, {"direction", "Right"}, {"pad_to_multiple_of", nullptr}, {"pad_id", 0},
      {"pad_type_id", 0},           {"pad_token", "<unk>"}};
  Write("tokenizer.json", tokenizer);
  EXPECT_EQ(Ids("a b"), (Ints{3, 4}));
}

TEST_F(EncodeTest, NulIsATextLikeAnyOther) {
  Write("tokenizer.json", WordTokenizer());
  EXPECT_EQ(Ids(std::string("a \0 b", 5)), (Ints{3, 0, 4}));
  TestJson tokenizer = WordTokenizer();
  tokenizer["model"]["vocab"][std::string("x\0y", 3)] = 7;
  Write("tokenizer.json", tokenizer);
  const Encoded encoded = Load().Encode(std::string("x\0y", 3), 0);
  EXPECT_EQ(encoded.ids, Ints{7});
  EXPECT_EQ(encoded.tokens.front(), std::string("x\0y", 3));
}

TEST_F(EncodeTest, SpecialTokensInTheTextAreNotAPrefix) {
  WriteBracketed();
  const Encoded encoded = Load().Encode("<s> a", 0);
  EXPECT_EQ(encoded.ids, (Ints{1, 1, 3, 2}));
  EXPECT_EQ(encoded.special_prefix, 1);
}

TEST_F(EncodeTest, RefusesWhatIsNotUtf8) {
  Write("tokenizer.json", WordTokenizer());
  const Tokenizer tokenizer = Load();
  const auto offset = [&](const std::string& text) { return ErrorOf([&] { tokenizer.Encode(text, 0); }); };
  EXPECT_EQ(offset("ab\xFF"), "prompt: not UTF-8 at byte offset 2; save it as UTF-8");
  const std::vector<std::string> broken{
      "\x80",         "\xC3",        "\xC0\x80",         "\xC1\xBF",         "\xE0\x9F\xBF",
      "\xED\xA0\x80", "\xE2\x82",    "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
      "\xF0\x9F\x98", "\xE2\x28\xA1"};
  for (const std::string& text : broken) {
    EXPECT_EQ(offset("é" + text), "prompt: not UTF-8 at byte offset 2; save it as UTF-8");
  }
  for (const char* text : {"\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                           "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_EQ(offset(text), "no error");
  }
}

TEST_F(EncodeTest, SeveralThreadsAtOnce) {
  WriteBracketed();
  const Tokenizer tokenizer = Load();
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (std::size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        const int limit = 3 + i % 4;
        wrong[t] += tokenizer.Encode("a b c d", limit).ids.size() != static_cast<std::size_t>(limit) ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

TEST_F(EncodeTest, MovesAndKeepsWorking) {
  Write("tokenizer.json", WordTokenizer());
  Tokenizer first = Load();
  Tokenizer second = std::move(first);
  first = std::move(second);
  EXPECT_EQ(first.Encode("a", 0).ids, Ints{3});
}

}  // namespace
}  // namespace headspec::text
