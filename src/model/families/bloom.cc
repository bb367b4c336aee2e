// BLOOM: ALiBi inside the product of queries and keys, a norm of the embeddings.
// Defaults are those of transformers 4.57.6, configuration_bloom.py.
#include <cmath>

#include "model/families/common.h"
#include "model/families/families.h"
#include "model/families/rules.h"

namespace headspec::model {
namespace {

constexpr SizeRules kSizes = {.layers = {"n_layer", 2, "num_hidden_layers"},
                              .hidden = {"hidden_size", 64, "n_embed"},
                              .heads = {"n_head", 8, "num_attention_heads"},
                              .kv_heads = {},
                              .head_dim = {},
                              .intermediate = {},
                              .vocab = {"vocab_size", 250880}};

// Not read, as by the reference: n_inner, offset_alibi, attention_softmax_in_fp32 and other keys of its
// training.
ModelConfig ReadBloom(const ConfigReader& json) {
  ModelConfig config = ReadSizes(json, kSizes);
  RefuseNull(json, "pretraining_tp");
  // Then the reference adds up slices of the linear layers, and leaves out the biases.
  if (ReadInt(json, {"pretraining_tp", 1}, 1, 1 << 14) > 1) Require(json, "slow_but_exact", false);
  config.norm_epsilon = ReadEpsilon(json, "layer_norm_epsilon", 1e-5);
  config.residual_from_norm = ReadSwitch(json, "apply_residual_connection_post_layernorm", false);
  config.activation = Activation::kGeluFast;
  config.qkv_bias = config.output_bias = config.mlp_bias = true;
  config.scores.scale = Scores::Scale::kInProduct;
  config.scores.operand = 1 / std::sqrt(config.head_dim);
  config.alibi = Alibi::kInProduct;
  return config;
}

constexpr auto kTensors = std::array{
    TensorRule{Slot::kEmbedding, "word_embeddings.weight", Dim::kVocab, Dim::kHidden},
    TensorRule{Slot::kEmbeddingNormWeight, "word_embeddings_layernorm.weight", Dim::kHidden},
    TensorRule{Slot::kEmbeddingNormBias, "word_embeddings_layernorm.bias", Dim::kHidden},
    TensorRule{Slot::kAttentionNormWeight, "h.{layer}.input_layernorm.weight", Dim::kHidden},
    TensorRule{Slot::kAttentionNormBias, "h.{layer}.input_layernorm.bias", Dim::kHidden},
    TensorRule{Slot::kQueryWeight, "h.{layer}.self_attention.query_key_value.weight", Dim::kQkvWidth,
               Dim::kHidden}
        .As(Layout::kQkvGrouped),
    TensorRule{Slot::kQueryBias, "h.{layer}.self_attention.query_key_value.bias", Dim::kQkvWidth}.As(
        Layout::kQkvGrouped),
    TensorRule{Slot::kOutputWeight, "h.{layer}.self_attention.dense.weight", Dim::kHidden, Dim::kQueryWidth},
    TensorRule{Slot::kOutputBias, "h.{layer}.self_attention.dense.bias", Dim::kHidden},
    TensorRule{Slot::kMlpNormWeight, "h.{layer}.post_attention_layernorm.weight", Dim::kHidden},
    TensorRule{Slot::kMlpNormBias, "h.{layer}.post_attention_layernorm.bias", Dim::kHidden},
    TensorRule{Slot::kUpWeight, "h.{layer}.mlp.dense_h_to_4h.weight", Dim::kIntermediate, Dim::kHidden},
    TensorRule{Slot::kUpBias, "h.{layer}.mlp.dense_h_to_4h.bias", Dim::kIntermediate},
    TensorRule{Slot::kDownWeight, "h.{layer}.mlp.dense_4h_to_h.weight", Dim::kHidden, Dim::kIntermediate},
    TensorRule{Slot::kDownBias, "h.{layer}.mlp.dense_4h_to_h.bias", Dim::kHidden},
};

constexpr std::array<std::string_view, 1> kTypes = {"bloom"};
constexpr std::array<std::string_view, 2> kUnused = {"lm_head.*", "ln_f.*"};

}  // namespace

const Family kBloom = {.model_types = kTypes,
                       .read_config = ReadBloom,
                       .prefixes = kTransformerPrefix,
                       .tensors = kTensors,
                       .unused = kUnused,
                       .covers = "BLOOM 560M to 176B, BLOOMZ"};

}  // namespace headspec::model
