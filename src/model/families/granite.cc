// Granite 3: Llama with multipliers.
// Defaults are those of transformers 4.57.6, configuration_granite.py.
#include "model/families/common.h"
#include "model/families/families.h"
#include "model/families/rules.h"
#include "model/rope.h"

namespace headspec::model {
namespace {

// logits_scaling acts on the head only.
ModelConfig ReadGranite(const ConfigReader& json) {
  ModelConfig config = ReadLlamaLike(json, {});
  config.qkv_bias = config.output_bias = json.Bool("attention_bias", false);
  config.mlp_bias = json.Bool("mlp_bias", false);
  config.embedding_multiplier = json.Number("embedding_multiplier", 1);
  config.residual_multiplier = json.Number("residual_multiplier", 1);
  config.scores = MultipliedScores(json.Number("attention_multiplier", 1));
  config.rotaries = {ReadRotary(json, config.head_dim, {})};
  return config;
}

constexpr auto kTensors = Join(kLlamaEmbedding, kLlamaNorms, kLlamaAttention, kLlamaMlp, kLlamaMlpBiases);
constexpr std::array<std::string_view, 1> kTypes = {"granite"};

}  // namespace

const Family kGranite = {.model_types = kTypes,
                         .read_config = ReadGranite,
                         .prefixes = kModelPrefix,
                         .tensors = kTensors,
                         .unused = kLlamaUnused,
                         .covers = "granite-3.0 to 3.3, 2b and 8b"};

}  // namespace headspec::model
