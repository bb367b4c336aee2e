// Mistral 7B and Nemo: Llama with a window on every layer.
// Defaults are those of transformers 4.57.6, configuration_mistral.py.
#include "model/families/common.h"
#include "model/families/families.h"
#include "model/families/rules.h"
#include "model/rope.h"

namespace headspec::model {
namespace {

// The reference ignores layer_types: the window is on all layers.
ModelConfig ReadMistral(const ConfigReader& json) {
  ModelConfig config = ReadLlamaLike(json, {.kv_heads = 8, .intermediate = 14336});
  RopeRules rope;
  rope.max_length = 131072;
  config.rotaries = {ReadRotary(json, config.head_dim, rope)};
  WindowAllLayers(ReadWindow(json, "sliding_window", 4096), config);
  return config;
}

constexpr auto kTensors = Join(kLlamaEmbedding, kLlamaNorms, kLlamaAttention, kLlamaMlp);
constexpr std::array<std::string_view, 1> kTypes = {"mistral"};

}  // namespace

const Family kMistral = {.model_types = kTypes,
                         .read_config = ReadMistral,
                         .prefixes = kModelPrefix,
                         .tensors = kTensors,
                         .unused = kLlamaUnused,
                         .covers = "Mistral-7B v0.1 to v0.3, Mistral-Nemo, Ministral-8B"};

}  // namespace headspec::model
