// GPT-2: learned positions, and weights stored (in, out) as its Conv1D has them.
// Defaults are those of transformers 4.57.6, configuration_gpt2.py.
#include <cmath>

#include "model/families/common.h"
#include "model/families/families.h"
#include "model/families/rules.h"

namespace headspec::model {
namespace {

constexpr SizeRules kSizes = {.layers = {"n_layer", 12, "num_hidden_layers"},
                              .hidden = {"n_embd", 768, "hidden_size"},
                              .heads = {"n_head", 12, "num_attention_heads"},
                              .kv_heads = {},
                              .head_dim = {},
                              .intermediate = {"n_inner"},
                              .vocab = {"vocab_size", 50257}};

Scores ReadScores(const ConfigReader& json, int head_dim) {
  Scores scores;
  const double root = ReadSwitch(json, "scale_attn_weights", true) ? std::sqrt(head_dim) : 1;
  scores.divide_by_layer = ReadSwitch(json, "scale_attn_by_inverse_layer_idx", false);
  scores.masked_are_set = true;
  scores.in_float = ReadSwitch(json, "reorder_and_upcast_attn", false);
  scores.scale = scores.in_float ? Scores::Scale::kInProduct : Scores::Scale::kDivideRounded;
  scores.operand = scores.in_float ? 1 / root : root;
  return scores;
}

ModelConfig ReadGpt2(const ConfigReader& json) {
  ModelConfig config = ReadSizes(json, kSizes);
  RefuseNull(json, "n_positions");
  config.positions = ReadInt(json, {"n_positions", 1024, "max_position_embeddings"}, 1, kMostPositions);
  config.norm_epsilon = ReadEpsilon(json, "layer_norm_epsilon", 1e-5);
  config.activation = ReadActivation(json, "activation_function", "gelu_new");
  config.qkv_bias = config.output_bias = config.mlp_bias = true;
  config.scores = ReadScores(json, config.head_dim);
  return config;
}

constexpr auto kTensors = std::array{
    TensorRule{Slot::kEmbedding, "wte.weight", Dim::kVocab, Dim::kHidden},
    TensorRule{Slot::kPositionEmbedding, "wpe.weight", Dim::kPositions, Dim::kHidden},
    TensorRule{Slot::kAttentionNormWeight, "h.{layer}.ln_1.weight", Dim::kHidden},
    TensorRule{Slot::kAttentionNormBias, "h.{layer}.ln_1.bias", Dim::kHidden},
    TensorRule{Slot::kQueryWeight, "h.{layer}.attn.c_attn.weight", Dim::kQkvWidth, Dim::kHidden}.As(
        Layout::kQkvStackedTransposed),
    TensorRule{Slot::kQueryBias, "h.{layer}.attn.c_attn.bias", Dim::kQkvWidth}.As(
        Layout::kQkvStackedTransposed),
    TensorRule{Slot::kOutputWeight, "h.{layer}.attn.c_proj.weight", Dim::kHidden, Dim::kQueryWidth}.As(
        Layout::kTransposed),
    TensorRule{Slot::kOutputBias, "h.{layer}.attn.c_proj.bias", Dim::kHidden},
    TensorRule{Slot::kMlpNormWeight, "h.{layer}.ln_2.weight", Dim::kHidden},
    TensorRule{Slot::kMlpNormBias, "h.{layer}.ln_2.bias", Dim::kHidden},
    TensorRule{Slot::kUpWeight, "h.{layer}.mlp.c_fc.weight", Dim::kIntermediate, Dim::kHidden}.As(
        Layout::kTransposed),
    TensorRule{Slot::kUpBias, "h.{layer}.mlp.c_fc.bias", Dim::kIntermediate},
    TensorRule{Slot::kDownWeight, "h.{layer}.mlp.c_proj.weight", Dim::kHidden, Dim::kIntermediate}.As(
        Layout::kTransposed),
    TensorRule{Slot::kDownBias, "h.{layer}.mlp.c_proj.bias", Dim::kHidden},
};

constexpr std::array<std::string_view, 1> kTypes = {"gpt2"};
// Older checkpoints store the causal mask.
constexpr std::array<std::string_view, 4> kUnused = {"lm_head.*", "ln_f.*", "h.{layer}.attn.bias",
                                                     "h.{layer}.attn.masked_bias"};

}  // namespace

const Family kGpt2 = {.model_types = kTypes,
                      .read_config = ReadGpt2,
                      .prefixes = kTransformerPrefix,
                      .tensors = kTensors,
                      .unused = kUnused,
                      .covers = "GPT-2, DistilGPT-2, DialoGPT, Cerebras-GPT, Mistral-GPT2"};

}  // namespace headspec::model
