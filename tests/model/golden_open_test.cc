// Every golden checkpoint of the families binds to its table.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <string>

#include "error_of.h"
#include "model/model.h"

namespace headspec::model {
namespace {

// How many checkpoints the name of each begins with: one that is lost, or that no line names, shows.
const std::map<std::string, int> kCounts = {
    {"llama", 10},   {"mistral", 2},    {"mixtral", 2}, {"phi3", 5},    {"qwen", 8},   {"gemma", 6},
    {"stablelm", 2}, {"starcoder2", 2}, {"olmo", 2},    {"granite", 1}, {"cohere", 3}, {"smollm3", 2},
};

TEST(GoldenCheckpoints, BindToTheirTables) {
  std::map<std::string, int> counts;
  const std::filesystem::path folder = std::filesystem::path(HEADSPEC_TEST_DATA) / "golden" / "families";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    const auto named = std::find_if(kCounts.begin(), kCounts.end(),
                                    [&](const auto& count) { return name.starts_with(count.first); });
    if (named == kCounts.end()) continue;
    ++counts[named->first];
    EXPECT_EQ(ErrorOf([&] {
                const Model model = Model::Open(entry.path());
                EXPECT_EQ(model.config().hidden, 32) << name;
                EXPECT_NE(model.shared()[Slot::kEmbedding].data, nullptr) << name;
                for (int layer = 0; layer < model.config().layers; ++layer) {
                  for (const Slot slot : {Slot::kQueryWeight, Slot::kKeyWeight, Slot::kValueWeight})
                    EXPECT_NE(model.layer(layer)[slot].data, nullptr) << name;
                }
              }),
              "no error")
        << name;
  }
  EXPECT_EQ(counts, kCounts);
}

}  // namespace
}  // namespace headspec::model
