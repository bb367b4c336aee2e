// GPT-NeoX and Pythia: a parallel block whose branches have norms of their own, or a sequential one; partial
// rotary. Defaults are those of transformers 4.57.6, configuration_gpt_neox.py.
#include <fmt/format.h>

#include "model/families/common.h"
#include "model/families/families.h"
#include "model/families/rules.h"
#include "model/rope.h"

namespace headspec::model {
namespace {

constexpr SizeRules kSizes = {.layers = {"num_hidden_layers", 44},
                              .hidden = {"hidden_size", 6144},
                              .heads = {"num_attention_heads", 64},
                              .kv_heads = {},
                              .head_dim = {},
                              .intermediate = {"intermediate_size", 24576},
                              .vocab = {"vocab_size", 50432}};

// The reference overwrites rope_theta and partial_rotary_factor, which the file may have too, by these keys.
RopeRules RotaryRules() {
  RopeRules rules;
  rules.theta_key = "rotary_emb_base";
  rules.partial_key = "rotary_pct";
  rules.partial_factor = 0.25;
  rules.partial = true;
  return rules;
}

ModelConfig ReadGptNeox(const ConfigReader& json) {
  ModelConfig config = ReadSizes(json, kSizes);
  // In the reference it would change the rotary table and nothing else.
  if (const int width = json.Int("head_dim", 1, 1 << 20, config.head_dim); width != config.head_dim) {
    json.Fail("head_dim",
              fmt::format("expected hidden_size / num_attention_heads {}, found {}", config.head_dim, width),
              "remove the key");
  }
  config.norm_epsilon = ReadEpsilon(json, "layer_norm_eps", 1e-5);
  config.residual =
      ReadSwitch(json, "use_parallel_residual", true) ? Residual::kParallel : Residual::kSequential;
  config.activation = ReadActivation(json, "hidden_act", "gelu");
  config.qkv_bias = config.output_bias = ReadSwitch(json, "attention_bias", true);
  config.mlp_bias = true;
  config.rotaries = {ReadRotary(json, config.head_dim, RotaryRules())};
  return config;
}

constexpr auto kTensors = std::array{
    TensorRule{Slot::kEmbedding, "embed_in.weight", Dim::kVocab, Dim::kHidden},
    TensorRule{Slot::kAttentionNormWeight, "layers.{layer}.input_layernorm.weight", Dim::kHidden},
    TensorRule{Slot::kAttentionNormBias, "layers.{layer}.input_layernorm.bias", Dim::kHidden},
    TensorRule{Slot::kQueryWeight, "layers.{layer}.attention.query_key_value.weight", Dim::kQkvWidth,
               Dim::kHidden}
        .As(Layout::kQkvGrouped),
    TensorRule{Slot::kQueryBias, "layers.{layer}.attention.query_key_value.bias", Dim::kQkvWidth}
        .As(Layout::kQkvGrouped)
        .When(HasQkvBias),
    TensorRule{Slot::kOutputWeight, "layers.{layer}.attention.dense.weight", Dim::kHidden, Dim::kQueryWidth},
    TensorRule{Slot::kOutputBias, "layers.{layer}.attention.dense.bias", Dim::kHidden}.When(HasOutputBias),
    TensorRule{Slot::kMlpNormWeight, "layers.{layer}.post_attention_layernorm.weight", Dim::kHidden},
    TensorRule{Slot::kMlpNormBias, "layers.{layer}.post_attention_layernorm.bias", Dim::kHidden},
    TensorRule{Slot::kUpWeight, "layers.{layer}.mlp.dense_h_to_4h.weight", Dim::kIntermediate, Dim::kHidden},
    TensorRule{Slot::kUpBias, "layers.{layer}.mlp.dense_h_to_4h.bias", Dim::kIntermediate},
    TensorRule{Slot::kDownWeight, "layers.{layer}.mlp.dense_4h_to_h.weight", Dim::kHidden,
               Dim::kIntermediate},
    TensorRule{Slot::kDownBias, "layers.{layer}.mlp.dense_4h_to_h.bias", Dim::kHidden},
};

constexpr std::array<std::string_view, 1> kTypes = {"gpt_neox"};
constexpr std::array<std::string_view, 1> kPrefixes = {"gpt_neox."};
// Older checkpoints store the causal mask and the rotary frequencies.
constexpr std::array<std::string_view, 5> kUnused = {
    "embed_out.*", "final_layer_norm.*", "layers.{layer}.attention.bias",
    "layers.{layer}.attention.masked_bias", "layers.{layer}.attention.rotary_emb.*"};

}  // namespace

const Family kGptNeox = {.model_types = kTypes,
                         .read_config = ReadGptNeox,
                         .prefixes = kPrefixes,
                         .tensors = kTensors,
                         .unused = kUnused,
                         .covers = "Pythia, GPT-NeoX-20B, Dolly 2, RedPajama-INCITE, Polyglot-Ko, OpenCALM"};

}  // namespace headspec::model
