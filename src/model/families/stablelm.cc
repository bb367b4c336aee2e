// StableLM: LayerNorm, partial rotary, a sequential or a parallel block.
// Defaults are those of transformers 4.57.6, configuration_stablelm.py.
#include <cmath>

#include "model/families/common.h"
#include "model/families/families.h"
#include "model/families/rules.h"
#include "model/rope.h"

namespace headspec::model {
namespace {

ModelConfig ReadStablelm(const ConfigReader& json) {
  ModelConfig config = ReadLlamaLike(json, {.hidden = 2560,
                                            .kv_heads = 32,
                                            .intermediate = 6912,
                                            .vocab = 50304,
                                            .kv_heads_take_null = false,
                                            .epsilon_key = "layer_norm_eps",
                                            .epsilon = 1e-5});
  RequireDerivedHeadDim(json, config);
  config.norm = Norm::kLayerNorm;
  if (json.Bool("use_parallel_residual", false)) {
    config.residual = Residual::kParallelStreamFirst;
    config.norms.before_mlp = false;
  }
  config.qkv_bias = json.Bool("use_qkv_bias", false);
  if (json.Bool("qk_layernorm", false)) config.qk_norm = QkNorm::kPerHeadOwnWeight;
  config.scores.scale = Scores::Scale::kDivide;
  config.scores.operand = std::sqrt(config.head_dim);
  RopeRules rope;
  rope.partial = true;
  rope.partial_factor = 0.25;
  rope.max_length = 4096;
  config.rotaries = {ReadRotary(json, config.head_dim, rope)};
  return config;
}

constexpr std::array kNorms = {
    TensorRule{Slot::kAttentionNormWeight, "layers.{layer}.input_layernorm.weight", Dim::kHidden},
    TensorRule{Slot::kAttentionNormBias, "layers.{layer}.input_layernorm.bias", Dim::kHidden},
    TensorRule{Slot::kMlpNormWeight, "layers.{layer}.post_attention_layernorm.weight", Dim::kHidden}.When(
        HasMlpNorm),
    TensorRule{Slot::kMlpNormBias, "layers.{layer}.post_attention_layernorm.bias", Dim::kHidden}.When(
        HasMlpNorm),
    TensorRule{Slot::kQueryNormWeight, "layers.{layer}.self_attn.q_layernorm.norms.{index}.weight",
               Dim::kHeadDim}
        .When(HasQkNorm)
        .Each(Dim::kHeads),
    TensorRule{Slot::kKeyNormWeight, "layers.{layer}.self_attn.k_layernorm.norms.{index}.weight",
               Dim::kHeadDim}
        .When(HasQkNorm)
        .Each(Dim::kKvHeads)};
constexpr auto kTensors = Join(kLlamaEmbedding, kNorms, kLlamaAttention, kLlamaMlp);
constexpr std::array<std::string_view, 1> kTypes = {"stablelm"};

}  // namespace

const Family kStablelm = {.model_types = kTypes,
                          .read_config = ReadStablelm,
                          .prefixes = kModelPrefix,
                          .tensors = kTensors,
                          .unused = kLlamaUnused,
                          .covers = "stablelm-3b-4e1t, stablelm-2-1_6b, stablelm-2-12b, stable-code-3b"};

}  // namespace headspec::model
