// How the prompts of a pass are divided when their activations do not fit the budget.
#include "engine/chunks.h"

#include <gtest/gtest.h>

#include <limits>
#include <numeric>
#include <random>
#include <vector>

namespace headspec::engine {
namespace {

using Lengths = std::vector<int>;

model::ModelConfig SmallConfig() {
  model::ModelConfig config;
  config.hidden = 4;
  config.heads = 2;
  config.kv_heads = 1;
  config.head_dim = 2;
  config.intermediate = 8;
  return config;
}

// The residual stream of all prompts and the working activations of `tokens` at a time.
std::uint64_t BudgetFor(const Lengths& lengths, int tokens) {
  const auto all = std::accumulate(lengths.begin(), lengths.end(), std::uint64_t{0});
  return all * ResidualBytesPerToken(SmallConfig()) +
         static_cast<std::uint64_t>(tokens) * WorkingBytesPerToken(SmallConfig());
}

std::vector<Chunk> Split(const Lengths& lengths, std::uint64_t budget) {
  return SplitIntoChunks(SmallConfig(), lengths, budget);
}

// Prompts of each chunk. Fails the test unless the chunks take every prompt once and in order, with the
// tokens that belong to them.
Lengths PromptsPerChunk(const Lengths& lengths, const std::vector<Chunk>& chunks) {
  Lengths counts;
  int prompt = 0;
  int token = 0;
  for (const Chunk& chunk : chunks) {
    EXPECT_EQ(chunk.first_prompt, prompt);
    EXPECT_EQ(chunk.first_token, token);
    EXPECT_GE(chunk.prompts, 1);
    int tokens = 0;
    for (int i = 0; i < chunk.prompts; ++i) tokens += lengths.at(static_cast<std::size_t>(prompt + i));
    EXPECT_EQ(chunk.tokens, tokens);
    prompt += chunk.prompts;
    token += chunk.tokens;
    counts.push_back(chunk.prompts);
  }
  EXPECT_EQ(prompt, static_cast<int>(lengths.size()));
  return counts;
}

TEST(SplitIntoChunks, CountsBytesPerToken) {
  EXPECT_EQ(ResidualBytesPerToken(SmallConfig()), 4u * 4);
  EXPECT_EQ(WorkingBytesPerToken(SmallConfig()),
            4u * (2 * 4 + 4 + 2 * 2 + 8 + 8));  // the MLP's input is the widest
}

TEST(SplitIntoChunks, PutsWhatFitsIntoOneChunk) {
  const Lengths lengths = {7, 3, 5};
  EXPECT_EQ(PromptsPerChunk(lengths, Split(lengths, std::uint64_t{1} << 30)), (Lengths{3}));
  EXPECT_EQ(PromptsPerChunk(lengths, Split(lengths, std::numeric_limits<std::uint64_t>::max())),
            (Lengths{3}));
}

TEST(SplitIntoChunks, FillsTheBudgetToTheLastByte) {
  const Lengths lengths = {7, 3, 5};
  EXPECT_EQ(PromptsPerChunk(lengths, Split(lengths, BudgetFor(lengths, 15))), (Lengths{3}));
  EXPECT_EQ(PromptsPerChunk(lengths, Split(lengths, BudgetFor(lengths, 15) - 1)), (Lengths{2, 1}));
  EXPECT_EQ(PromptsPerChunk(lengths, Split(lengths, BudgetFor(lengths, 10))), (Lengths{2, 1}));
  EXPECT_EQ(PromptsPerChunk(lengths, Split(lengths, BudgetFor(lengths, 10) - 1)), (Lengths{1, 2}));
  EXPECT_EQ(PromptsPerChunk(lengths, Split(lengths, BudgetFor(lengths, 8) - 1)), (Lengths{1, 1, 1}));
}

TEST(SplitIntoChunks, GivesAPromptBeyondTheBudgetAChunkOfItsOwn) {
  const Lengths lengths = {7, 3, 5};
  for (const std::uint64_t budget :
       {std::uint64_t{0}, std::uint64_t{1}, BudgetFor(lengths, 0), BudgetFor(lengths, 1)})
    EXPECT_EQ(PromptsPerChunk(lengths, Split(lengths, budget)), (Lengths{1, 1, 1})) << budget;
  const Lengths one_long = {2, 2, 9, 2, 2};
  EXPECT_EQ(PromptsPerChunk(one_long, Split(one_long, BudgetFor(one_long, 4))), (Lengths{2, 1, 2}));
}

TEST(SplitIntoChunks, KeepsOnePromptWhole) {
  const Lengths lengths = {12};
  for (const std::uint64_t budget :
       {std::uint64_t{0}, BudgetFor(lengths, 11), BudgetFor(lengths, 12), BudgetFor(lengths, 100)})
    EXPECT_EQ(PromptsPerChunk(lengths, Split(lengths, budget)), (Lengths{1})) << budget;
}

TEST(SplitIntoChunks, MakesNothingOfNothing) { EXPECT_TRUE(Split({}, 1000).empty()); }

TEST(SplitIntoChunks, DividesManyEqualPromptsEvenly) {
  const Lengths lengths(1000, 6);
  EXPECT_EQ(PromptsPerChunk(lengths, Split(lengths, BudgetFor(lengths, 60))), Lengths(100, 10));
  EXPECT_EQ(PromptsPerChunk(lengths, Split(lengths, BudgetFor(lengths, 65))), Lengths(100, 10));
  Lengths with_rest(142, 7);
  with_rest.push_back(6);
  EXPECT_EQ(PromptsPerChunk(lengths, Split(lengths, BudgetFor(lengths, 42))), with_rest);
}

// No chunk is over the budget unless it is one prompt, and none could have taken the next prompt too.
TEST(SplitIntoChunks, FillsEveryChunkAsFarAsItGoes) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    Lengths lengths(1 + random() % 40);
    for (int& length : lengths) length = 1 + static_cast<int>(random() % 30);
    const int most_tokens = static_cast<int>(random() % 100);
    const std::vector<Chunk> chunks = Split(lengths, BudgetFor(lengths, most_tokens));
    PromptsPerChunk(lengths, chunks);
    for (const Chunk& chunk : chunks) {
      if (chunk.prompts > 1) {
        EXPECT_LE(chunk.tokens, most_tokens);
      }
      const auto next = static_cast<std::size_t>(chunk.first_prompt + chunk.prompts);
      if (next < lengths.size()) {
        EXPECT_GT(chunk.tokens + lengths[next], most_tokens);
      }
    }
  }
}

}  // namespace
}  // namespace headspec::engine
