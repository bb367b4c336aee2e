// OLMo 2: norms after both branches instead of before, queries and keys normalised over all heads together.
// Defaults are those of transformers 4.57.6, configuration_olmo2.py.
#include "model/families/common.h"
#include "model/families/families.h"
#include "model/families/rules.h"
#include "model/rope.h"

namespace headspec::model {
namespace {

ModelConfig ReadOlmo2(const ConfigReader& json) {
  ModelConfig config = ReadLlamaLike(json, {.vocab = 50304, .epsilon = 1e-5});
  config.norm = config.qk_norm_kind = Norm::kRmsOneRounding;
  config.norms = {.before_attention = false, .before_mlp = false, .after_attention = true, .after_mlp = true};
  config.qkv_bias = config.output_bias = json.Bool("attention_bias", false);
  config.qk_norm = QkNorm::kFullWidth;
  RopeRules rope;
  rope.rounding = RotaryRounding::kOnce;
  rope.scalings = {RopeScaling::Kind::kLinear, RopeScaling::Kind::kDynamic};
  config.rotaries = {ReadRotary(json, config.head_dim, rope)};
  return config;
}

constexpr std::array kNorms = {
    TensorRule{Slot::kAttentionOutNormWeight, "layers.{layer}.post_attention_layernorm.weight", Dim::kHidden},
    TensorRule{Slot::kMlpOutNormWeight, "layers.{layer}.post_feedforward_layernorm.weight", Dim::kHidden},
    TensorRule{Slot::kQueryNormWeight, "layers.{layer}.self_attn.q_norm.weight", Dim::kQueryWidth},
    TensorRule{Slot::kKeyNormWeight, "layers.{layer}.self_attn.k_norm.weight", Dim::kKeyWidth}};
constexpr auto kTensors = Join(kLlamaEmbedding, kNorms, kLlamaAttention, kLlamaMlp);
constexpr std::array<std::string_view, 1> kTypes = {"olmo2"};

}  // namespace

const Family kOlmo2 = {.model_types = kTypes,
                       .read_config = ReadOlmo2,
                       .prefixes = kModelPrefix,
                       .tensors = kTensors,
                       .unused = kLlamaUnused,
                       .covers = "OLMo-2 1B, 7B, 13B, 32B"};

}  // namespace headspec::model
