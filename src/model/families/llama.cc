// Llama 1 to 3.2 and what kept its architecture.
// Defaults are those of transformers 4.57.6, configuration_llama.py.
#include "model/families/common.h"
#include "model/families/families.h"
#include "model/families/rules.h"
#include "model/rope.h"

namespace headspec::model {
namespace {

ModelConfig ReadLlama(const ConfigReader& json) {
  ModelConfig config = ReadLlamaLike(json, {});
  config.qkv_bias = config.output_bias = json.Bool("attention_bias", false);
  config.mlp_bias = json.Bool("mlp_bias", false);
  config.rotaries = {ReadRotary(json, config.head_dim, {})};
  return config;
}

constexpr auto kTensors = Join(kLlamaEmbedding, kLlamaNorms, kLlamaAttention, kLlamaMlp, kLlamaMlpBiases);
constexpr std::array<std::string_view, 1> kTypes = {"llama"};

}  // namespace

const Family kLlama = {.model_types = kTypes,
                       .read_config = ReadLlama,
                       .prefixes = kModelPrefix,
                       .tensors = kTensors,
                       .unused = kLlamaUnused,
                       .covers = "Llama 1, 2, 3, 3.1, 3.2, TinyLlama, SmolLM2, Yi, deepseek-coder"};

}  // namespace headspec::model
