// Gemma 1: norms by 1 + weight, embeddings scaled by the square root of the width.
// Defaults are those of transformers 4.57.6, configuration_gemma.py.
#include <cmath>

#include "model/families/common.h"
#include "model/families/families.h"
#include "model/families/rules.h"
#include "model/rope.h"

namespace headspec::model {
namespace {

// The reference runs hidden_act and ignores hidden_activation: the first release's "gelu" is the one with
// erf.
ModelConfig ReadGemma(const ConfigReader& json) {
  ModelConfig config = ReadLlamaLike(json, {.layers = 28,
                                            .hidden = 3072,
                                            .heads = 16,
                                            .kv_heads = 16,
                                            .head_dim = 256,
                                            .intermediate = 24576,
                                            .vocab = 256000,
                                            .kv_heads_take_null = false,
                                            .activation = "gelu_pytorch_tanh"});
  config.norm = Norm::kRmsOnePlusWeight;
  config.embedding_multiplier = std::sqrt(config.hidden);
  config.is_multiplier_rounded = true;
  config.qkv_bias = config.output_bias = json.Bool("attention_bias", false);
  RopeRules rope;
  rope.max_length = 8192;
  config.rotaries = {ReadRotary(json, config.head_dim, rope)};
  return config;
}

constexpr auto kTensors = Join(kLlamaEmbedding, kLlamaNorms, kLlamaAttention, kLlamaMlp);
constexpr std::array<std::string_view, 1> kTypes = {"gemma"};

}  // namespace

const Family kGemma = {.model_types = kTypes,
                       .read_config = ReadGemma,
                       .prefixes = kModelPrefix,
                       .tensors = kTensors,
                       .unused = kLlamaUnused,
                       .covers = "gemma-2b, gemma-7b, CodeGemma"};

}  // namespace headspec::model
