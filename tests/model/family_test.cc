// The table of families, swept without weights.
#include "model/family.h"

#include <gtest/gtest.h>

#include <map>
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
  config.types = 2;
  config.positions = 60;
  config.experts = {.count = 5, .chosen = 2, .intermediate = 20, .shared_intermediate = 40};
  return config;
}

std::string_view NameOf(const Family& family) { return family.model_types.front(); }

bool Covers(std::string_view pattern, std::string_view name) {
  if (pattern.ends_with('*')) return name.starts_with(pattern.substr(0, pattern.size() - 1));
  return name == pattern;
}

bool IsNorm(Slot slot) {
  return (slot >= Slot::kEmbeddingNormWeight && slot <= Slot::kMlpSumNormBias) ||
         (slot >= Slot::kQueryNormWeight && slot <= Slot::kKeyNormBias);
}

TEST(Families, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (const Family* family : Families()) {
    EXPECT_FALSE(family->model_types.empty());
    for (const std::string_view type : family->model_types) {
      EXPECT_FALSE(type.empty());
      EXPECT_TRUE(names.insert(type).second) << type;
    }
    EXPECT_NE(family->read_config, nullptr) << NameOf(*family);
    EXPECT_FALSE(family->covers.empty()) << NameOf(*family);
  }
  EXPECT_FALSE(names.empty());
}

TEST(Families, EveryRuleHasAPositiveShape) {
  const ModelConfig config = DistinctSizes();
  for (const Family* family : Families()) {
    EXPECT_FALSE(family->tensors.empty());
    for (const TensorRule& rule : family->tensors) {
      EXPECT_TRUE(SizeOf(rule.rows, config) > 1 || rule.slot == Slot::kSharedScaleWeight)
          << NameOf(*family) << " " << rule.pattern;
      EXPECT_GT(SizeOf(rule.cols, config), 0) << NameOf(*family) << " " << rule.pattern;
      // Cohere's norms of queries and keys have a row for each head.
      const bool is_norm = IsNorm(rule.slot) && rule.cols != Dim::kHeadDim;
      EXPECT_EQ(rule.cols == Dim::kOne, !rule.pattern.ends_with("weight") || is_norm)
          << NameOf(*family) << " " << rule.pattern
          << ": biases and norms are vectors, other weights are not";
    }
  }
}

// Two rules fill one slot only under conditions: the same tensor under the names of two kinds of layer.
// One name fills two slots only under two conditions: what a norm is depends on the configuration.
TEST(Families, SlotsAndPatternsAreUnique) {
  for (const Family* family : Families()) {
    std::set<Slot> slots;
    std::map<std::string_view, bool (*)(const ModelConfig&, int)> conditions;
    for (const TensorRule& rule : family->tensors) {
      EXPECT_TRUE(slots.insert(rule.slot).second || rule.when != nullptr)
          << NameOf(*family) << " " << rule.pattern;
      const auto [first, is_new] = conditions.emplace(rule.pattern, rule.when);
      EXPECT_TRUE(is_new || (first->second != nullptr && rule.when != nullptr && first->second != rule.when))
          << NameOf(*family) << " " << rule.pattern;
      EXPECT_EQ(IsPerLayer(rule), rule.slot > Slot::kEmbeddingNormBias)
          << NameOf(*family) << " " << rule.pattern;
    }
    // What a fused rule fills besides its own slot.
    for (const TensorRule& rule : family->tensors) {
      const bool is_qkv = rule.layout >= Layout::kQkvStacked && rule.layout <= Layout::kQkvFourBlocks;
      if (is_qkv) slots.insert({Slot::kKeyWeight, Slot::kValueWeight});
      if (rule.layout == Layout::kGateUp) slots.insert(Slot::kUpWeight);
    }
    for (const Slot slot : {Slot::kEmbedding, Slot::kQueryWeight, Slot::kKeyWeight, Slot::kValueWeight,
                            Slot::kOutputWeight, Slot::kUpWeight, Slot::kDownWeight}) {
      if (slots.contains(Slot::kExpertUpWeight) && slot >= Slot::kUpWeight) continue;
      EXPECT_TRUE(slots.contains(slot)) << NameOf(*family) << " lacks slot " << static_cast<int>(slot);
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
          for (const std::string_view prefix : family->prefixes)
            EXPECT_FALSE(Covers(unused, std::string(prefix) + name)) << name << " and " << unused;
        }
      }
    }
  }
}

TEST(Families, PrefixIsAWholeNameAndNoRuleRepeatsIt) {
  for (const Family* family : Families()) {
    EXPECT_FALSE(family->prefixes.empty()) << NameOf(*family);
    for (const std::string_view prefix : family->prefixes) {
      EXPECT_TRUE(prefix.empty() || prefix.ends_with('.')) << NameOf(*family);
      for (const TensorRule& rule : family->tensors)
        EXPECT_FALSE(!prefix.empty() && rule.pattern.starts_with(prefix)) << rule.pattern;
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
