// What transformers pads with, and on which side: stated, of the class, or eos where no pad_token is set.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "text/tokenizer.h"

namespace headspec::text {
namespace {

TEST(TokenizerPadding, IsThatOfTransformers) {
  const std::filesystem::path data = HEADSPEC_TEST_DATA;
  std::ifstream in(data / "golden/padding.json");
  const auto golden = nlohmann::json::parse(in).at("tokenizers");
  ASSERT_GE(golden.size(), 36u);
  for (const auto& [name, expected] : golden.items()) {
    const Tokenizer tokenizer = Tokenizer::Load(data / "data/tokenizers" / name);
    EXPECT_EQ(tokenizer.pads_on_left() ? "left" : "right", expected.at("side").get<std::string>()) << name;
    EXPECT_EQ(tokenizer.pad_id(), expected.at("token").get<int>()) << name;
  }
}

}  // namespace
}  // namespace headspec::text
