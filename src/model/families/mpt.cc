// MPT: ALiBi added in float, norms without bias, queries, keys and values clipped if the file says so.
// Defaults are those of transformers 4.57.6, configuration_mpt.py.
#include <fmt/format.h>

#include <cmath>
#include <string>

#include "model/families/common.h"
#include "model/families/families.h"
#include "model/families/rules.h"

namespace headspec::model {
namespace {

constexpr SizeRules kSizes = {.layers = {"n_layers", 24, "num_hidden_layers"},
                              .hidden = {"d_model", 2048, "hidden_size"},
                              .heads = {"n_heads", 16, "num_attention_heads"},
                              .kv_heads = {},
                              .head_dim = {},
                              .intermediate = {},
                              .vocab = {"vocab_size", 50368}};

// Not read, because the reference's own code ignores them: in attn_config alibi (always on), alibi_bias_max
// (always 8), qk_ln, prefix_lm and attn_uses_sequence_id; expansion_ratio (always 4), no_bias, norm_type and
// learned_pos_emb. Weights that belong to another value of them do not bind.
ModelConfig ReadMpt(const ConfigReader& json) {
  ModelConfig config = ReadSizes(json, kSizes);
  config.norm_epsilon = ReadEpsilon(json, "layer_norm_epsilon", 1e-5);
  config.activation = Activation::kGelu;
  config.alibi = Alibi::kFloat;
  config.most_tokens = ReadInt(json, {"max_seq_len", 2048}, 1, kMostPositions);
  config.scores = MultipliedScores(1 / std::sqrt(config.head_dim));
  if (const auto attention = json.Object("attn_config")) {
    const std::string type = attention->String("attn_type", "multihead_attention");
    // The reference takes both names and computes the first.
    if (type != "multihead_attention" && type != "multiquery_attention") {
      attention->Fail(
          "attn_type",
          fmt::format("expected \"multihead_attention\" or \"multiquery_attention\", found \"{}\"", type),
          "this attention is not supported");
    }
    config.scores.operand = attention->Number("softmax_scale", config.scores.operand);
    config.qkv_clip = attention->Number("clip_qkv", 0);
    if (config.qkv_clip < 0) {
      attention->Fail("clip_qkv", fmt::format("expected a number of at least 0, found {}", config.qkv_clip),
                      "correct the value");
    }
  }
  return config;
}

constexpr auto kTensors = std::array{
    TensorRule{Slot::kEmbedding, "wte.weight", Dim::kVocab, Dim::kHidden},
    TensorRule{Slot::kAttentionNormWeight, "blocks.{layer}.norm_1.weight", Dim::kHidden},
    TensorRule{Slot::kQueryWeight, "blocks.{layer}.attn.Wqkv.weight", Dim::kQkvWidth, Dim::kHidden}.As(
        Layout::kQkvStacked),
    TensorRule{Slot::kOutputWeight, "blocks.{layer}.attn.out_proj.weight", Dim::kHidden, Dim::kQueryWidth},
    TensorRule{Slot::kMlpNormWeight, "blocks.{layer}.norm_2.weight", Dim::kHidden},
    TensorRule{Slot::kUpWeight, "blocks.{layer}.ffn.up_proj.weight", Dim::kIntermediate, Dim::kHidden},
    TensorRule{Slot::kDownWeight, "blocks.{layer}.ffn.down_proj.weight", Dim::kHidden, Dim::kIntermediate},
};

constexpr std::array<std::string_view, 1> kTypes = {"mpt"};
constexpr std::array<std::string_view, 2> kUnused = {"lm_head.*", "norm_f.*"};

}  // namespace

const Family kMpt = {.model_types = kTypes,
                     .read_config = ReadMpt,
                     .prefixes = kTransformerPrefix,
                     .tensors = kTensors,
                     .unused = kUnused,
                     .covers = "MPT-7B (8k, StoryWriter), MPT-30B"};

}  // namespace headspec::model
