// Every golden checkpoint of the families binds to its table.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "error_of.h"
#include "model/model.h"

namespace headspec::model {
namespace {

TEST(GoldenCheckpoints, BindToTheirTables) {
  const std::filesystem::path folder = std::filesystem::path(HEADSPEC_TEST_DATA) / "golden" / "families";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    // Relative positions are refused (golden_open_older_test.cc).
    if (!std::filesystem::exists(entry.path() / "config.json") || name.starts_with("bert-relative")) continue;
    EXPECT_EQ(ErrorOf([&] {
                const Model model = Model::Open(entry.path());
                EXPECT_NE(model.shared()[Slot::kEmbedding].data, nullptr) << name;
                for (int layer = 0; layer < model.config().layers; ++layer) {
                  for (const Slot slot : {Slot::kQueryWeight, Slot::kKeyWeight, Slot::kValueWeight})
                    EXPECT_NE(model.layer(layer)[slot].data, nullptr) << name;
                }
              }),
              "no error")
        << name;
  }
}

}  // namespace
}  // namespace headspec::model
