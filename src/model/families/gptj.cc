// GPT-J: a parallel block under one norm, neighbouring values rotated together, scores in float.
// Defaults are those of transformers 4.57.6, configuration_gptj.py.
#include <cmath>

#include "model/families/common.h"
#include "model/families/families.h"
#include "model/families/rules.h"
#include "model/rope.h"

namespace headspec::model {
namespace {

constexpr SizeRules kSizes = {.layers = {"n_layer", 28, "num_hidden_layers"},
                              .hidden = {"n_embd", 4096, "hidden_size"},
                              .heads = {"n_head", 16, "num_attention_heads"},
                              .kv_heads = {},
                              .head_dim = {},
                              .intermediate = {"n_inner"},
                              .vocab = {"vocab_size", 50400}};

// Theta is fixed and frequencies are never scaled.
RopeRules RotaryRules(int dims) {
  RopeRules rules;
  rules.theta_key = rules.partial_key = rules.scaling_key = "";
  rules.scalings = {};
  rules.dims_key = "rotary_dim";
  rules.dims = dims;
  rules.pairs = RotaryPairs::kNeighbours;
  rules.frequencies_in_type = true;
  return rules;
}

ModelConfig ReadGptj(const ConfigReader& json) {
  ModelConfig config = ReadSizes(json, kSizes);
  RefuseNull(json, "rotary_dim");
  config.norm_epsilon = ReadEpsilon(json, "layer_norm_epsilon", 1e-5);
  config.norms.before_mlp = false;
  config.residual = Residual::kParallel;
  config.activation = ReadActivation(json, "activation_function", "gelu_new");
  config.mlp_bias = true;
  config.most_tokens = ReadInt(json, {"n_positions", 2048, "max_position_embeddings"}, 1, kMostPositions);
  const int dims = ReadInt(json, {"rotary_dim", 64}, 2, config.head_dim);
  config.rotaries = {ReadRotary(json, config.head_dim, RotaryRules(dims))};
  config.scores.scale = Scores::Scale::kDivideRounded;
  config.scores.operand = std::sqrt(config.head_dim);
  config.scores.in_float = true;
  return config;
}

constexpr auto kTensors = std::array{
    TensorRule{Slot::kEmbedding, "wte.weight", Dim::kVocab, Dim::kHidden},
    TensorRule{Slot::kAttentionNormWeight, "h.{layer}.ln_1.weight", Dim::kHidden},
    TensorRule{Slot::kAttentionNormBias, "h.{layer}.ln_1.bias", Dim::kHidden},
    TensorRule{Slot::kQueryWeight, "h.{layer}.attn.q_proj.weight", Dim::kQueryWidth, Dim::kHidden},
    TensorRule{Slot::kKeyWeight, "h.{layer}.attn.k_proj.weight", Dim::kKeyWidth, Dim::kHidden},
    TensorRule{Slot::kValueWeight, "h.{layer}.attn.v_proj.weight", Dim::kKeyWidth, Dim::kHidden},
    TensorRule{Slot::kOutputWeight, "h.{layer}.attn.out_proj.weight", Dim::kHidden, Dim::kQueryWidth},
    TensorRule{Slot::kUpWeight, "h.{layer}.mlp.fc_in.weight", Dim::kIntermediate, Dim::kHidden},
    TensorRule{Slot::kUpBias, "h.{layer}.mlp.fc_in.bias", Dim::kIntermediate},
    TensorRule{Slot::kDownWeight, "h.{layer}.mlp.fc_out.weight", Dim::kHidden, Dim::kIntermediate},
    TensorRule{Slot::kDownBias, "h.{layer}.mlp.fc_out.bias", Dim::kHidden},
};

constexpr std::array<std::string_view, 1> kTypes = {"gptj"};
// Older checkpoints store the causal mask.
constexpr std::array<std::string_view, 4> kUnused = {"lm_head.*", "ln_f.*", "h.{layer}.attn.bias",
                                                     "h.{layer}.attn.masked_bias"};

}  // namespace

const Family kGptj = {.model_types = kTypes,
                      .read_config = ReadGptj,
                      .prefixes = kTransformerPrefix,
                      .tensors = kTensors,
                      .unused = kUnused,
                      .covers = "GPT-J-6B, GPT-JT, Pygmalion-6B"};

}  // namespace headspec::model
