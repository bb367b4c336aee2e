// Padding left in the metric: rows that see nothing and positions that begin in it, as the reference has
// them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/forward.h"
#include "error_of.h"
#include "experiment/padding.h"
#include "experiment/pass_memo.h"
#include "experiment/sinks.h"
#include "golden.h"
#include "headspec/plans.h"
#include "metrics/specialization.h"
#include "subject_of.h"

namespace headspec::experiment {
namespace {

constexpr double kExact = 1e-6;

// Entropies, and layer 0, head 0 of the first prompt's first row.
class FirstRow final : public engine::AttentionSink {
 public:
  void Take(const engine::AttentionTile& tile) override {
    if (tile.prompt + tile.layer + tile.head + tile.first_query > 0) return;
    row.assign(tile.rows.Row(0), tile.rows.Row(0) + tile.rows.cols);
  }
  std::vector<float> row;
};

struct Found {
  std::vector<Table> per_prompt;
  std::vector<float> first_row;
};

Found PassOver(const model::Model& model, const nlohmann::json& expected) {
  const auto ids = expected.at("token_ids").get<std::vector<std::vector<int>>>();
  engine::ForwardOptions options;
  options.type = options.score_type = DType::kF32;
  for (const auto& valid : expected.at("valid"))
    options.valid_tokens.push_back({valid.at(0).get<int>(), valid.at(1).get<int>()});
  EntropySink entropies(static_cast<int>(ids.size()), model.config().layers, model.config().heads);
  FirstRow first;
  AllSinks both;
  both.Add(first);
  both.Add(entropies);
  engine::Forward(model, ids, both, options);
  return {entropies.per_prompt(), first.row};
}

double Distance(const std::vector<Table>& found, const nlohmann::json& expected) {
  double largest = 0;
  for (std::size_t p = 0; p < found.size(); ++p) {
    for (std::size_t layer = 0; layer < found[p].size(); ++layer)
      largest = std::max(largest, golden::LayerDistance(found[p], expected.at(p), layer));
  }
  return largest;
}

TEST(Padding, AgreesWithTheReferenceOnBothSides) {
  const nlohmann::json golden = golden::ReadJson(golden::Folder() / "padding.json");
  ASSERT_GE(golden.at("models").size(), 9u);
  for (const auto& [name, sides] : golden.at("models").items()) {
    const model::Model model = model::Model::Open(golden::Folder() / name);
    for (const auto& [side, expected] : sides.items()) {
      const Found found = PassOver(model, expected);
      const double distance = Distance(found.per_prompt, expected.at("per_prompt"));
      EXPECT_LE(distance, kExact) << name << " " << side;
      RecordProperty(name + " " + side, fmt::format("{:.2g}", distance));
      std::printf("[ distance ] %-34s %-5s %.2g\n", name.c_str(), side.c_str(), distance);
      if (side != "left") continue;
      const auto row = expected.at("fully_masked_row").get<std::vector<float>>();
      EXPECT_EQ(found.first_row, row) << name;
    }
  }
}

Subject Phi() {
  ModelEntry entry;
  entry.name = (golden::Folder() / "checkpoints/phi-mha").string();
  return SubjectOf(entry);
}

TEST(Padding, FillsUpOnTheSideAsked) {
  const Subject subject = Phi();
  Protocol protocol = DefaultProtocol();
  const std::vector<std::vector<int>> ids = {{5, 6, 7}, {8, 9, 10, 11}};
  EXPECT_EQ(PadPrompts(subject, ids, protocol).ids, ids);
  EXPECT_TRUE(PadPrompts(subject, ids, protocol).valid_tokens.empty());
  protocol.padding = {true, PaddingSide::kLeft};
  protocol.max_length = 4;
  const PaddedPrompts left = PadPrompts(subject, ids, protocol);
  const int pad = subject.tokenizer.pad_id();
  EXPECT_EQ(left.ids, (std::vector<std::vector<int>>{{pad, 5, 6, 7}, {8, 9, 10, 11}}));
  EXPECT_EQ(left.valid_tokens[0].first, 1);
  EXPECT_EQ(left.valid_tokens[0].last, 4);
  EXPECT_EQ(left.used.side, "left");
  protocol.padding.side = PaddingSide::kTokenizer;  // CodeGen's: right
  const PaddedPrompts right = PadPrompts(subject, ids, protocol);
  EXPECT_EQ(right.ids[0], (std::vector<int>{5, 6, 7, pad}));
  EXPECT_EQ(right.valid_tokens[0].last, 3);
  EXPECT_EQ(right.used.side, "right");
}

TEST(Padding, IsPartOfTheKeyOfAKeptPass) {
  PassInputs inputs{.content = "", .arithmetic = "", .ids = {{1, 2, 3}}};
  const std::string plain = PassKey(inputs);
  inputs.valid_tokens = {{0, 2}};
  const std::string right = PassKey(inputs);
  inputs.valid_tokens = {{1, 3}};
  EXPECT_NE(plain, right);
  EXPECT_NE(right, PassKey(inputs));
}

}  // namespace
}  // namespace headspec::experiment
