// Falcon: the block is parallel under one norm (7B, one key-value head), parallel under one or two norms
// (the new architecture, several of them) or sequential (the RW models, with ALiBi in place of rotation).
//
// Defaults are those of transformers 4.57.6, configuration_falcon.py.
#include <fmt/format.h>

#include <cmath>

#include "model/families/common.h"
#include "model/families/families.h"
#include "model/families/rules.h"
#include "model/rope.h"

namespace headspec::model {
namespace {

SizeRules Sizes(const ConfigReader& json) {
  SizeRules rules = {.layers = {"num_hidden_layers", 32},
                     .hidden = {"hidden_size", 4544, "n_embed"},
                     .heads = {"num_attention_heads", 71},
                     .kv_heads = {},
                     .head_dim = {},
                     .intermediate = {"ffn_hidden_size"},
                     .vocab = {"vocab_size", 65024}};
  // Multi-query models may state num_kv_heads too; without the new block it does not count.
  if (ReadSwitch(json, "new_decoder_architecture", false)) rules.kv_heads = {"num_kv_heads"};
  return rules;
}

// The reference fails on these. It looks at the number of norms in parallel blocks only.
void RefuseImpossible(const ConfigReader& json, int heads) {
  const bool is_new = ReadSwitch(json, "new_decoder_architecture", false);
  const bool is_parallel = ReadSwitch(json, "parallel_attn", true);
  const int norms = json.Int("num_ln_in_parallel_attn", 0, 1 << 10, is_new ? 2 : 1);
  if (is_new && !is_parallel) {
    json.Fail("parallel_attn", "expected true with new_decoder_architecture, found false",
              "correct the configuration");
  }
  if (is_new && norms != 1 && norms != 2) {
    json.Fail("num_ln_in_parallel_attn", fmt::format("expected 1 or 2, found {}", norms),
              "correct the configuration");
  }
  if (!is_new && is_parallel && norms == 2) {
    json.Fail("num_ln_in_parallel_attn", "expected 1 without new_decoder_architecture, found 2",
              "correct the configuration");
  }
  if (is_new || ReadSwitch(json, "multi_query", true)) return;
  if (const int kv_heads = json.Int("num_kv_heads", 1, 1 << 14, heads); kv_heads != heads) {
    json.Fail("num_kv_heads",
              fmt::format("expected num_attention_heads {} without multi_query, found {}", heads, kv_heads),
              "correct the configuration");
  }
}

ModelConfig ReadFalcon(const ConfigReader& json) {
  ModelConfig config = ReadSizes(json, Sizes(json));
  RefuseImpossible(json, config.heads);
  const bool is_new = ReadSwitch(json, "new_decoder_architecture", false);
  const bool is_parallel = ReadSwitch(json, "parallel_attn", true);
  if (!is_new && ReadSwitch(json, "multi_query", true)) config.kv_heads = 1;
  config.norm_epsilon = ReadEpsilon(json, "layer_norm_epsilon", 1e-5);
  config.norms.before_mlp = !is_parallel || (is_new && json.Int("num_ln_in_parallel_attn", 1, 2, 2) == 2);
  config.residual = is_parallel ? Residual::kParallel : Residual::kSequential;
  config.activation = ReadActivation(json, "activation", "gelu");
  config.qkv_bias = config.output_bias = config.mlp_bias = ReadSwitch(json, "bias", false);
  config.is_bias_rounded_apart = true;
  config.scores.scale = Scores::Scale::kDivide;
  config.scores.operand = std::sqrt(config.head_dim);
  if (ReadSwitch(json, "alibi", false))
    config.alibi = Alibi::kTwice;
  else
    config.rotaries = {ReadRotary(json, config.head_dim, {})};
  return config;
}

bool IsSequential(const ModelConfig& c, int) { return c.residual == Residual::kSequential; }
bool HasTwoNorms(const ModelConfig& c, int) {
  return c.residual == Residual::kParallel && c.norms.before_mlp;
}
bool HasInputNorm(const ModelConfig& c, int layer) { return !HasTwoNorms(c, layer); }

constexpr auto kTensors = std::array{
    TensorRule{Slot::kEmbedding, "word_embeddings.weight", Dim::kVocab, Dim::kHidden},
    TensorRule{Slot::kAttentionNormWeight, "h.{layer}.input_layernorm.weight", Dim::kHidden}.When(
        HasInputNorm),
    TensorRule{Slot::kAttentionNormBias, "h.{layer}.input_layernorm.bias", Dim::kHidden}.When(HasInputNorm),
    TensorRule{Slot::kAttentionNormWeight, "h.{layer}.ln_attn.weight", Dim::kHidden}.When(HasTwoNorms),
    TensorRule{Slot::kAttentionNormBias, "h.{layer}.ln_attn.bias", Dim::kHidden}.When(HasTwoNorms),
    TensorRule{Slot::kQueryWeight, "h.{layer}.self_attention.query_key_value.weight", Dim::kQkvWidth,
               Dim::kHidden}
        .As(Layout::kQkvGrouped),
    TensorRule{Slot::kQueryBias, "h.{layer}.self_attention.query_key_value.bias", Dim::kQkvWidth}
        .As(Layout::kQkvGrouped)
        .When(HasQkvBias),
    TensorRule{Slot::kOutputWeight, "h.{layer}.self_attention.dense.weight", Dim::kHidden, Dim::kQueryWidth},
    TensorRule{Slot::kOutputBias, "h.{layer}.self_attention.dense.bias", Dim::kHidden}.When(HasOutputBias),
    TensorRule{Slot::kMlpNormWeight, "h.{layer}.ln_mlp.weight", Dim::kHidden}.When(HasTwoNorms),
    TensorRule{Slot::kMlpNormBias, "h.{layer}.ln_mlp.bias", Dim::kHidden}.When(HasTwoNorms),
    TensorRule{Slot::kMlpNormWeight, "h.{layer}.post_attention_layernorm.weight", Dim::kHidden}.When(
        IsSequential),
    TensorRule{Slot::kMlpNormBias, "h.{layer}.post_attention_layernorm.bias", Dim::kHidden}.When(
        IsSequential),
    TensorRule{Slot::kUpWeight, "h.{layer}.mlp.dense_h_to_4h.weight", Dim::kIntermediate, Dim::kHidden},
    TensorRule{Slot::kUpBias, "h.{layer}.mlp.dense_h_to_4h.bias", Dim::kIntermediate}.When(HasMlpBias),
    TensorRule{Slot::kDownWeight, "h.{layer}.mlp.dense_4h_to_h.weight", Dim::kHidden, Dim::kIntermediate},
    TensorRule{Slot::kDownBias, "h.{layer}.mlp.dense_4h_to_h.bias", Dim::kHidden}.When(HasMlpBias),
};

constexpr std::array<std::string_view, 1> kTypes = {"falcon"};
// Older checkpoints store the rotary frequencies.
constexpr std::array<std::string_view, 3> kUnused = {"lm_head.*", "ln_f.*",
                                                     "h.{layer}.self_attention.rotary*"};

}  // namespace

const Family kFalcon = {.model_types = kTypes,
                        .read_config = ReadFalcon,
                        .prefixes = kTransformerPrefix,
                        .tensors = kTensors,
                        .unused = kUnused,
                        .covers = "Falcon 7B, 11B, 40B, 180B, Falcon-RW 1B and 7B"};

}  // namespace headspec::model
