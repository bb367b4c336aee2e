// Which bytes of a text a token stands for, and which tokens stand for none: against the library's own Python
// door (tests/golden/token_places.json), and where truncation and post-processors move things.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "text/tiny_tokenizer.h"

namespace headspec::text {

void PrintTo(const TokenPlace& place, std::ostream* out) {
  *out << (place.is_added ? "added" : "") << "[" << place.range.begin << ", " << place.range.end << ")";
}

namespace {

using Places = std::vector<TokenPlace>;

constexpr TokenPlace kAdded{true, {}};
constexpr TokenPlace Bytes(std::size_t begin, std::size_t end) { return {false, {begin, end}}; }

TEST(TokenPlaces, AreThoseOfTheLibrary) {
  const std::filesystem::path data = HEADSPEC_TEST_DATA;
  std::ifstream in(data / "golden/token_places.json");
  const auto golden = nlohmann::json::parse(in);
  const auto texts = golden.at("texts").get<std::vector<std::string>>();
  ASSERT_GE(golden.at("tokenizers").size(), 41U);
  for (const auto& [name, expected] : golden.at("tokenizers").items()) {
    const Tokenizer tokenizer = Tokenizer::Load(data / "data/tokenizers" / name);
    EXPECT_EQ(tokenizer.bos_id(), expected.at("bos").get<int>()) << name;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      Places places;
      for (const auto& at : expected.at("places").at(i))
        places.push_back(at.is_null() ? kAdded : Bytes(at[0].get<std::size_t>(), at[1].get<std::size_t>()));
      EXPECT_EQ(tokenizer.Encode(texts[i], 0).places, places) << name << ": " << texts[i];
    }
  }
}

class TokenPlaceTest : public TokenizerTest {
 protected:
  Places Of(const std::string& text, int max_length = 0) const {
    return Load().Encode(text, max_length).places;
  }
};

TEST_F(TokenPlaceTest, SpecialTokensStandForNoText) {
  TestJson tokenizer = WordTokenizer();
  tokenizer["post_processor"] = Bracketing();
  Write("tokenizer.json", tokenizer);
  EXPECT_EQ(Of("a  b"), (Places{kAdded, Bytes(0, 1), Bytes(3, 4), kAdded}));
  EXPECT_EQ(Of(""), (Places{kAdded, kAdded}));
  // Typed in the text they are text.
  EXPECT_EQ(Of("a <s>"), (Places{kAdded, Bytes(0, 1), Bytes(2, 5), kAdded}));
}

TEST_F(TokenPlaceTest, TruncationLeavesThemWhereTheyAre) {
  TestJson tokenizer = WordTokenizer();
  tokenizer["post_processor"] = Bracketing();
  Write("tokenizer.json", tokenizer);
  EXPECT_EQ(Of("a b c d", 4), (Places{kAdded, Bytes(0, 1), Bytes(2, 3), kAdded}));
  Write("tokenizer_config.json", R"({"truncation_side": "left"})");
  EXPECT_EQ(Of("a b c d", 4), (Places{kAdded, Bytes(4, 5), Bytes(6, 7), kAdded}));
}

TEST_F(TokenPlaceTest, BlanksAreNotTrimmed) {
  TestJson tokenizer = ByteTokenizer(false);
  tokenizer["post_processor"] = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}};
  Write("tokenizer.json", tokenizer);
  EXPECT_EQ(Of("a b"), (Places{Bytes(0, 1), Bytes(1, 2), Bytes(2, 3)}));
}

}  // namespace
}  // namespace headspec::text
