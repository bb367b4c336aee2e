// The table of families, swept without weights.
#include "model/family.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "model/tiny_checkpoint.h"

namespace headspec::model {
namespace {

// All sizes differ, so that a dimension that is taken for another shows.
ModelConfig DistinctSizes() {
  ModelConfig config;
  config.layers = 12;
  config.hidden = 30;
  config.heads = 6;
  config.kv_heads = 3;
  config.head_dim = 7;
  config.intermediate = 50;
  config.vocab = 101;
  return config;
}

bool IsPerLayer(const TensorRule& rule) { return rule.pattern.find("{layer}") != std::string_view::npos; }

bool Covers(std::string_view pattern, std::string_view name) {
  if (pattern.ends_with('*')) return name.starts_with(pattern.substr(0, pattern.size() - 1));
  return name == pattern;
}

TEST(Families, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (const Family* family : Families()) {
    EXPECT_FALSE(family->model_type.empty());
    EXPECT_TRUE(names.insert(family->model_type).second) << family->model_type;
    EXPECT_NE(family->read_config, nullptr) << family->model_type;
  }
  EXPECT_FALSE(names.empty());
}

TEST(Families, EveryRuleHasAPositiveShape) {
  const ModelConfig config = DistinctSizes();
  for (const Family* family : Families()) {
    EXPECT_FALSE(family->tensors.empty());
    for (const TensorRule& rule : family->tensors) {
      EXPECT_GT(SizeOf(rule.rows, config), 1) << family->model_type << " " << rule.pattern;
      EXPECT_GT(SizeOf(rule.cols, config), 0) << family->model_type << " " << rule.pattern;
      EXPECT_EQ(rule.cols == Dim::kOne,
                !rule.pattern.ends_with(".weight") || rule.pattern.find("norm") != std::string_view::npos)
          << family->model_type << " " << rule.pattern
          << ": biases and norms are vectors, other weights are not";
    }
  }
}

TEST(Families, SlotsAndPatternsAreUnique) {
  for (const Family* family : Families()) {
    std::set<Slot> slots;
    std::set<std::string_view> patterns;
    for (const TensorRule& rule : family->tensors) {
      EXPECT_TRUE(slots.insert(rule.slot).second) << family->model_type << " " << rule.pattern;
      EXPECT_TRUE(patterns.insert(rule.pattern).second) << family->model_type << " " << rule.pattern;
      EXPECT_EQ(IsPerLayer(rule), rule.slot != Slot::kEmbedding) << family->model_type << " " << rule.pattern;
    }
    for (const Slot slot : {Slot::kEmbedding, Slot::kInputNormWeight, Slot::kQueryWeight, Slot::kKeyWeight,
                            Slot::kValueWeight, Slot::kOutputWeight, Slot::kUpWeight, Slot::kDownWeight}) {
      EXPECT_TRUE(slots.contains(slot)) << family->model_type << " lacks slot " << static_cast<int>(slot);
    }
  }
}

TEST(Families, NoRuleCollidesWithAnUnusedTensor) {
  for (const Family* family : Families()) {
    for (const TensorRule& rule : family->tensors) {
      for (const int layer : {0, 1, 10}) {
        const std::string name = NameIn(rule.pattern, layer);
        for (const std::string_view unused : family->unused) {
          EXPECT_FALSE(Covers(unused, name)) << name << " and " << unused;
          EXPECT_FALSE(Covers(unused, std::string(family->prefix) + name)) << name << " and " << unused;
        }
      }
    }
  }
}

TEST(Families, PrefixIsAWholeNameAndNoRuleRepeatsIt) {
  for (const Family* family : Families()) {
    EXPECT_TRUE(family->prefix.empty() || family->prefix.ends_with('.')) << family->model_type;
    for (const TensorRule& rule : family->tensors) {
      EXPECT_FALSE(!family->prefix.empty() && rule.pattern.starts_with(family->prefix)) << rule.pattern;
    }
    for (const std::string_view unused : family->unused)
      EXPECT_GT(unused.size(), 3u) << "a pattern that takes nearly all names";
  }
}

TEST(Families, DimensionsOfAPhi) {
  const ModelConfig config = DistinctSizes();
  EXPECT_EQ(SizeOf(Dim::kOne, config), 1);
  EXPECT_EQ(SizeOf(Dim::kHidden, config), 30);
  EXPECT_EQ(SizeOf(Dim::kQueryWidth, config), 42);
  EXPECT_EQ(SizeOf(Dim::kKeyWidth, config), 21);
  EXPECT_EQ(SizeOf(Dim::kHeadDim, config), 7);
  EXPECT_EQ(SizeOf(Dim::kIntermediate, config), 50);
  EXPECT_EQ(SizeOf(Dim::kVocab, config), 101);
}

TEST(Families, ArchitectureNames) {
  ModelConfig config = DistinctSizes();
  EXPECT_EQ(ArchitectureName(config), "GQA (6:3)");
  config.kv_heads = 6;
  EXPECT_EQ(ArchitectureName(config), "MHA");
  config.kv_heads = 1;
  EXPECT_EQ(ArchitectureName(config), "MQA");
  config.heads = 1;
  EXPECT_EQ(ArchitectureName(config), "MHA");
}

}  // namespace
}  // namespace headspec::model
