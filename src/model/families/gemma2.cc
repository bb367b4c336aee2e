// Gemma 2: norms around both branches, soft-capped scores, a window on every second layer.
// Defaults are those of transformers 4.57.6, configuration_gemma2.py.
#include <cmath>

#include "model/families/common.h"
#include "model/families/families.h"
#include "model/families/rules.h"
#include "model/rope.h"

namespace headspec::model {
namespace {

ModelConfig ReadGemma2(const ConfigReader& json) {
  ModelConfig config = ReadLlamaLike(json, {.layers = 26,
                                            .hidden = 2304,
                                            .heads = 8,
                                            .kv_heads = 4,
                                            .head_dim = 256,
                                            .intermediate = 9216,
                                            .vocab = 256000,
                                            .kv_heads_take_null = false,
                                            .activation_key = "hidden_activation",
                                            .activation = "gelu_pytorch_tanh"});
  config.norm = Norm::kRmsOnePlusWeight;
  config.embedding_multiplier = std::sqrt(config.hidden);
  config.is_multiplier_rounded = true;
  config.norms.after_attention = config.norms.after_mlp = true;
  config.qkv_bias = config.output_bias = json.Bool("attention_bias", false);
  config.scores.operand = std::pow(ReadPositive(json, "query_pre_attn_scalar", 256), -0.5);
  constexpr std::string_view kCap = "attn_logit_softcapping";
  if (json.Has(kCap) || !json.Contains(kCap)) config.scores.soft_cap = ReadPositive(json, kCap, 50);
  RopeRules rope;
  rope.max_length = 8192;
  config.rotaries = {ReadRotary(json, config.head_dim, rope)};
  RefuseNull(json, "sliding_window");
  ReadWindowedLayers(
      json, ReadWindow(json, "sliding_window", 4096),
      [](int layer, int period) { return layer % period == 0; }, 2, config);
  return config;
}

constexpr auto kTensors = Join(kLlamaEmbedding, kSandwichNorms, kLlamaAttention, kLlamaMlp);
constexpr std::array<std::string_view, 1> kTypes = {"gemma2"};

}  // namespace

const Family kGemma2 = {.model_types = kTypes,
                        .read_config = ReadGemma2,
                        .prefixes = kModelPrefix,
                        .tensors = kTensors,
                        .unused = kLlamaUnused,
                        .covers = "gemma-2-2b, gemma-2-9b, gemma-2-27b"};

}  // namespace headspec::model
