// A model family is data: a reader of its config.json and a table of its tensor names.
// To add one: write src/model/families/<name>.cc and list it in family.cc.
#pragma once

#include <span>
#include <string_view>

#include "model/config.h"
#include "model/config_reader.h"

namespace headspec::model {

// What a tensor is for. Per layer, except kEmbedding.
enum class Slot {
  kEmbedding,  // (V, E)
  kInputNormWeight,
  kInputNormBias,  // (E)
  kQueryWeight,
  kQueryBias,  // (H*D, E), (H*D)
  kKeyWeight,
  kKeyBias,  // (G*D, E), (G*D)
  kValueWeight,
  kValueBias,  // (G*D, E), (G*D)
  kQueryNormWeight,
  kQueryNormBias,
  kKeyNormWeight,
  kKeyNormBias,  // (D)
  kOutputWeight,
  kOutputBias,  // (E, H*D), (E)
  kUpWeight,
  kUpBias,  // (F, E), (F)
  kDownWeight,
  kDownBias,  // (E, F), (E)
  kCount,
};

// A dimension in terms of the config.
enum class Dim { kOne, kHidden, kQueryWidth, kKeyWidth, kHeadDim, kIntermediate, kVocab };
int SizeOf(Dim dim, const ModelConfig& config);
// Whether the last layer, which ends with its attention probabilities, needs the tensor.
bool IsNeededForAttention(Slot slot);

// Whether a tensor has to be there.
enum class Presence { kRequired, kWithQkNorm };

struct TensorRule {
  Slot slot;
  std::string_view pattern;  // after the family's prefix; "{layer}" stands for the layer's number
  Dim rows;
  Dim cols = Dim::kOne;
  Presence presence = Presence::kRequired;
};

struct Family {
  std::string_view model_type;
  ModelConfig (*read_config)(const ConfigReader&);
  std::string_view prefix;  // base-model name in front of every tensor; a checkpoint may leave it out
  std::span<const TensorRule> tensors;
  // Tensors that belong to the model and that attention does not need: the head, buffers. Names after the
  // prefix or, ending in '*', beginnings; "{layer}" as above.
  std::span<const std::string_view> unused;
};

std::span<const Family* const> Families();
// Throws Error(kInput) naming the supported types when there is none.
const Family& FamilyOf(const ConfigReader& config);

}  // namespace headspec::model
