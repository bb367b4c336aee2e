// Phi-1, Phi-1.5, Phi-2: parallel block under one LayerNorm, partial rotary, biases everywhere.
// Defaults are those of transformers 4.57.6, configuration_phi.py.
#include "model/families/common.h"
#include "model/families/families.h"
#include "model/families/rules.h"
#include "model/rope.h"

namespace headspec::model {
namespace {

ModelConfig ReadPhi(const ConfigReader& json) {
  ModelConfig config = ReadSizes(json, {.layers = {"num_hidden_layers", 24},
                                        .hidden = {"hidden_size", 2048},
                                        .heads = {"num_attention_heads", 32},
                                        .intermediate = {"intermediate_size", 8192},
                                        .vocab = {"vocab_size", 51200}});
  config.norm_epsilon = ReadEpsilon(json, "layer_norm_eps", 1e-5);
  config.norms.before_mlp = false;
  config.residual = Residual::kParallel;
  config.activation = ReadActivation(json, "hidden_act", "gelu_new");
  config.qkv_bias = config.output_bias = config.mlp_bias = true;
  config.qk_norm = json.Bool("qk_layernorm", false) ? QkNorm::kPerHead : QkNorm::kNone;
  RopeRules rope;
  rope.partial = true;
  rope.partial_factor = 0.5;
  config.rotaries = {ReadRotary(json, config.head_dim, rope)};
  config.scores.upcast_in_447 = true;
  return config;
}

constexpr auto kTensors = std::array{
    TensorRule{Slot::kEmbedding, "embed_tokens.weight", Dim::kVocab, Dim::kHidden},
    TensorRule{Slot::kAttentionNormWeight, "layers.{layer}.input_layernorm.weight", Dim::kHidden},
    TensorRule{Slot::kAttentionNormBias, "layers.{layer}.input_layernorm.bias", Dim::kHidden},
    TensorRule{Slot::kQueryWeight, "layers.{layer}.self_attn.q_proj.weight", Dim::kQueryWidth, Dim::kHidden},
    TensorRule{Slot::kQueryBias, "layers.{layer}.self_attn.q_proj.bias", Dim::kQueryWidth},
    TensorRule{Slot::kKeyWeight, "layers.{layer}.self_attn.k_proj.weight", Dim::kKeyWidth, Dim::kHidden},
    TensorRule{Slot::kKeyBias, "layers.{layer}.self_attn.k_proj.bias", Dim::kKeyWidth},
    TensorRule{Slot::kValueWeight, "layers.{layer}.self_attn.v_proj.weight", Dim::kKeyWidth, Dim::kHidden},
    TensorRule{Slot::kValueBias, "layers.{layer}.self_attn.v_proj.bias", Dim::kKeyWidth},
    TensorRule{Slot::kQueryNormWeight, "layers.{layer}.self_attn.q_layernorm.weight", Dim::kHeadDim}.When(
        HasQkNorm),
    TensorRule{Slot::kQueryNormBias, "layers.{layer}.self_attn.q_layernorm.bias", Dim::kHeadDim}.When(
        HasQkNorm),
    TensorRule{Slot::kKeyNormWeight, "layers.{layer}.self_attn.k_layernorm.weight", Dim::kHeadDim}.When(
        HasQkNorm),
    TensorRule{Slot::kKeyNormBias, "layers.{layer}.self_attn.k_layernorm.bias", Dim::kHeadDim}.When(
        HasQkNorm),
    TensorRule{Slot::kOutputWeight, "layers.{layer}.self_attn.dense.weight", Dim::kHidden, Dim::kQueryWidth},
    TensorRule{Slot::kOutputBias, "layers.{layer}.self_attn.dense.bias", Dim::kHidden},
    TensorRule{Slot::kUpWeight, "layers.{layer}.mlp.fc1.weight", Dim::kIntermediate, Dim::kHidden},
    TensorRule{Slot::kUpBias, "layers.{layer}.mlp.fc1.bias", Dim::kIntermediate},
    TensorRule{Slot::kDownWeight, "layers.{layer}.mlp.fc2.weight", Dim::kHidden, Dim::kIntermediate},
    TensorRule{Slot::kDownBias, "layers.{layer}.mlp.fc2.bias", Dim::kHidden},
};

constexpr std::array<std::string_view, 1> kTypes = {"phi"};
// Older checkpoints store the rotary frequencies, which are computed.
constexpr std::array<std::string_view, 3> kUnused = {"lm_head.*", "final_layernorm.*",
                                                     "layers.{layer}.self_attn.rotary_emb.inv_freq"};

}  // namespace

const Family kPhi = {.model_types = kTypes,
                     .read_config = ReadPhi,
                     .prefixes = kModelPrefix,
                     .tensors = kTensors,
                     .unused = kUnused,
                     .covers = "Phi-1, Phi-1.5, Phi-2"};

}  // namespace headspec::model
