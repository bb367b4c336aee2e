// A model family is data: a reader of its config.json and a table of its tensor names.
// To add one: write src/model/families/<name>.cc and list it in families.h and family.cc.
#pragma once

#include <span>
#include <string_view>

#include "model/config.h"
#include "model/config_reader.h"

namespace headspec::model {

// What a tensor is for.
enum class Slot {
  // Of the model.
  kEmbedding,            // (V, embedding width)
  kEmbeddingProjection,  // (E, embedding width)
  kTypeEmbedding,        // (types, E)
  kPositionEmbedding,    // (positions, E)
  kEmbeddingNormWeight,
  kEmbeddingNormBias,  // (E)
  // Of a layer. Norms stand where model::NormPlaces says.
  kAttentionNormWeight,
  kAttentionNormBias,  // before_attention (E)
  kAttentionOutNormWeight,
  kAttentionOutNormBias,  // after_attention (E)
  kAttentionSumNormWeight,
  kAttentionSumNormBias,  // after_attention_sum (E)
  kMlpNormWeight,
  kMlpNormBias,  // before_mlp (E)
  kMlpOutNormWeight,
  kMlpOutNormBias,  // after_mlp (E)
  kMlpSumNormWeight,
  kMlpSumNormBias,  // after_mlp_sum (E)
  kQueryWeight,
  kQueryBias,  // (H*D, E), (H*D)
  kKeyWeight,
  kKeyBias,  // (G*D, E), (G*D)
  kValueWeight,
  kValueBias,  // (G*D, E), (G*D)
  kQueryNormWeight,
  kQueryNormBias,
  kKeyNormWeight,
  kKeyNormBias,  // (D), a list of them, or (H*D) and (G*D)
  kOutputWeight,
  kOutputBias,  // (E, H*D), (E)
  kGateWeight,
  kGateBias,
  kUpWeight,
  kUpBias,  // (F, E), (F)
  kDownWeight,
  kDownBias,      // (E, F), (E)
  kRouterWeight,  // (X, E)
  kExpertGateWeight,
  kExpertUpWeight,
  kExpertDownWeight,  // lists of X: (F, E), (F, E), (E, F)
  kSharedGateWeight,
  kSharedUpWeight,
  kSharedDownWeight,   // (F, E), (F, E), (E, F) of the shared expert
  kSharedScaleWeight,  // (1, E)
  kCount,
};

// The bias that belongs to a weight.
constexpr Slot BiasOf(Slot weight) { return static_cast<Slot>(static_cast<int>(weight) + 1); }

// A dimension in terms of the config.
enum class Dim {
  kOne,
  kHidden,
  kEmbeddingWidth,
  kQueryWidth,
  kKeyWidth,
  kQkvWidth,  // queries, keys and values of all heads
  kHeadDim,
  kHeads,
  kKvHeads,
  kIntermediate,
  kTwoIntermediate,
  kVocab,
  kTypes,
  kPositions,
  kExperts,
  kExpertIntermediate,
  kSharedIntermediate,
};
int SizeOf(Dim dim, const ModelConfig& config);
// Whether the last layer, which ends with its attention probabilities, needs the tensor.
bool IsNeededForAttention(Slot slot);

// How a tensor is stored. A fused one fills several slots, of which the rule names the first: the query's or
// the gate's.
enum class Layout {
  kPlain,
  kTransposed,            // (cols, rows)
  kQkvStacked,            // rows: all queries, all keys, all values
  kQkvStackedTransposed,  // the same, stored as (cols, rows)
  kQkvGrouped,            // rows, for each key-value head: its queries, its key, its value
  kQkvFourBlocks,         // rows, for each quarter of the heads: queries, values, keys
  kGateUp,                // rows: gate, up
};

struct TensorRule {
  Slot slot;
  // After the family's prefix; "{layer}" stands for the layer's number, "{index}" runs over `count`.
  std::string_view pattern;
  Dim rows;
  Dim cols = Dim::kOne;
  Layout layout = Layout::kPlain;
  bool (*when)(const ModelConfig&, int layer) = nullptr;  // whether it has to be there; null: always
  Dim count = Dim::kOne;

  constexpr TensorRule As(Layout stored) const {
    TensorRule rule = *this;
    rule.layout = stored;
    return rule;
  }
  constexpr TensorRule When(bool (*is_there)(const ModelConfig&, int layer)) const {
    TensorRule rule = *this;
    rule.when = is_there;
    return rule;
  }
  constexpr TensorRule Each(Dim of) const {
    TensorRule rule = *this;
    rule.count = of;
    return rule;
  }
};

struct Family {
  std::span<const std::string_view> model_types;
  ModelConfig (*read_config)(const ConfigReader&);
  // Base-model names in front of every tensor; a checkpoint may leave them out.
  std::span<const std::string_view> prefixes;
  std::span<const TensorRule> tensors;
  // Tensors that belong to the model and that attention does not need: the head, buffers. Names after a
  // prefix or, ending in '*', beginnings; "{layer}" as above.
  std::span<const std::string_view> unused;
  std::string_view covers;  // well-known checkpoints, for people
  // Endings of names that older files spell otherwise: from ours to theirs.
  std::span<const std::pair<std::string_view, std::string_view>> old_endings = {};
};

std::span<const Family* const> Families();
// Throws Error(kInput) naming the supported types when there is none.
const Family& FamilyOf(const ConfigReader& config);

}  // namespace headspec::model
