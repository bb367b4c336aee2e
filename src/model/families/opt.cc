// OPT and Galactica: learned positions from row 2, queries scaled before the product; the 350M model
// normalises after each branch and projects narrow embeddings. Defaults are those of transformers 4.57.6,
// configuration_opt.py.
#include <cmath>

#include "model/families/common.h"
#include "model/families/families.h"
#include "model/families/rules.h"

namespace headspec::model {
namespace {

constexpr SizeRules kSizes = {.layers = {"num_hidden_layers", 12},
                              .hidden = {"hidden_size", 768},
                              .heads = {"num_attention_heads", 12},
                              .kv_heads = {},
                              .head_dim = {},
                              .intermediate = {"ffn_dim", 3072},
                              .vocab = {"vocab_size", 50272}};

constexpr int kPositionOffset = 2;

// _remove_final_layer_norm is not read: that norm stands behind the last attention.
ModelConfig ReadOpt(const ConfigReader& json) {
  ModelConfig config = ReadSizes(json, kSizes);
  RefuseNull(json, "max_position_embeddings");
  const int width = json.Int("word_embed_proj_dim", 1, 1 << 20, config.hidden);
  config.embedding_width = width == config.hidden ? 0 : width;
  config.position_offset = kPositionOffset;
  config.positions = ReadInt(json, {"max_position_embeddings", 2048}, 1, kMostPositions) + kPositionOffset;
  const bool is_before = ReadSwitch(json, "do_layer_norm_before", true);
  config.norms.before_attention = config.norms.before_mlp = is_before;
  config.norms.after_attention_sum = config.norms.after_mlp_sum = !is_before;
  config.is_norm_affine = ReadSwitch(json, "layer_norm_elementwise_affine", true);
  config.activation = ReadActivation(json, "activation_function", "relu");
  config.qkv_bias = config.output_bias = config.mlp_bias = ReadSwitch(json, "enable_bias", true);
  config.scores.scale = Scores::Scale::kQuery;
  config.scores.operand = std::pow(config.head_dim, -0.5);
  return config;
}

bool HasProjection(const ModelConfig& c, int) { return c.embedding_width > 0; }
bool HasNormBefore(const ModelConfig& c, int) { return c.is_norm_affine && c.norms.before_attention; }
bool HasNormAfter(const ModelConfig& c, int) { return c.is_norm_affine && c.norms.after_attention_sum; }

constexpr auto kTensors = std::array{
    TensorRule{Slot::kEmbedding, "decoder.embed_tokens.weight", Dim::kVocab, Dim::kEmbeddingWidth},
    TensorRule{Slot::kEmbeddingProjection, "decoder.project_in.weight", Dim::kHidden, Dim::kEmbeddingWidth}
        .When(HasProjection),
    TensorRule{Slot::kPositionEmbedding, "decoder.embed_positions.weight", Dim::kPositions, Dim::kHidden},
    TensorRule{Slot::kAttentionNormWeight, "decoder.layers.{layer}.self_attn_layer_norm.weight", Dim::kHidden}
        .When(HasNormBefore),
    TensorRule{Slot::kAttentionNormBias, "decoder.layers.{layer}.self_attn_layer_norm.bias", Dim::kHidden}
        .When(HasNormBefore),
    TensorRule{Slot::kAttentionSumNormWeight, "decoder.layers.{layer}.self_attn_layer_norm.weight",
               Dim::kHidden}
        .When(HasNormAfter),
    TensorRule{Slot::kAttentionSumNormBias, "decoder.layers.{layer}.self_attn_layer_norm.bias", Dim::kHidden}
        .When(HasNormAfter),
    TensorRule{Slot::kQueryWeight, "decoder.layers.{layer}.self_attn.q_proj.weight", Dim::kQueryWidth,
               Dim::kHidden},
    TensorRule{Slot::kQueryBias, "decoder.layers.{layer}.self_attn.q_proj.bias", Dim::kQueryWidth}.When(
        HasQkvBias),
    TensorRule{Slot::kKeyWeight, "decoder.layers.{layer}.self_attn.k_proj.weight", Dim::kKeyWidth,
               Dim::kHidden},
    TensorRule{Slot::kKeyBias, "decoder.layers.{layer}.self_attn.k_proj.bias", Dim::kKeyWidth}.When(
        HasQkvBias),
    TensorRule{Slot::kValueWeight, "decoder.layers.{layer}.self_attn.v_proj.weight", Dim::kKeyWidth,
               Dim::kHidden},
    TensorRule{Slot::kValueBias, "decoder.layers.{layer}.self_attn.v_proj.bias", Dim::kKeyWidth}.When(
        HasQkvBias),
    TensorRule{Slot::kOutputWeight, "decoder.layers.{layer}.self_attn.out_proj.weight", Dim::kHidden,
               Dim::kQueryWidth},
    TensorRule{Slot::kOutputBias, "decoder.layers.{layer}.self_attn.out_proj.bias", Dim::kHidden}.When(
        HasOutputBias),
    TensorRule{Slot::kMlpNormWeight, "decoder.layers.{layer}.final_layer_norm.weight", Dim::kHidden}.When(
        HasNormBefore),
    TensorRule{Slot::kMlpNormBias, "decoder.layers.{layer}.final_layer_norm.bias", Dim::kHidden}.When(
        HasNormBefore),
    TensorRule{Slot::kMlpSumNormWeight, "decoder.layers.{layer}.final_layer_norm.weight", Dim::kHidden}.When(
        HasNormAfter),
    TensorRule{Slot::kMlpSumNormBias, "decoder.layers.{layer}.final_layer_norm.bias", Dim::kHidden}.When(
        HasNormAfter),
    TensorRule{Slot::kUpWeight, "decoder.layers.{layer}.fc1.weight", Dim::kIntermediate, Dim::kHidden},
    TensorRule{Slot::kUpBias, "decoder.layers.{layer}.fc1.bias", Dim::kIntermediate}.When(HasMlpBias),
    TensorRule{Slot::kDownWeight, "decoder.layers.{layer}.fc2.weight", Dim::kHidden, Dim::kIntermediate},
    TensorRule{Slot::kDownBias, "decoder.layers.{layer}.fc2.bias", Dim::kHidden}.When(HasMlpBias),
};

constexpr std::array<std::string_view, 1> kTypes = {"opt"};
constexpr std::array<std::string_view, 3> kUnused = {"lm_head.*", "decoder.final_layer_norm.*",
                                                     "decoder.project_out.*"};

}  // namespace

const Family kOpt = {.model_types = kTypes,
                     .read_config = ReadOpt,
                     .prefixes = kModelPrefix,
                     .tensors = kTensors,
                     .unused = kUnused,
                     .covers = "OPT 125M to 66B, OPT-IML, Galactica"};

}  // namespace headspec::model
