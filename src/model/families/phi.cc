// Phi-1, Phi-1.5, Phi-2: parallel block under one LayerNorm, partial rotary, biases everywhere.
// Defaults are those of transformers 4.57.6, configuration_phi.py.
#include <fmt/format.h>

#include <array>

#include "model/families/families.h"
#include "model/rope.h"

namespace headspec::model {
namespace {

constexpr int kMostWidth = 1 << 20;
constexpr int kMostCount = 1 << 14;

void ReadHeads(const ConfigReader& json, ModelConfig& config) {
  config.heads = json.Int("num_attention_heads", 1, kMostCount);
  config.kv_heads = json.Int("num_key_value_heads", 1, config.heads, config.heads);
  if (config.heads % config.kv_heads != 0) {
    json.Fail(
        "num_key_value_heads",
        fmt::format("expected a divisor of num_attention_heads {}, found {}", config.heads, config.kv_heads),
        "correct the configuration");
  }
  if (!json.Has("head_dim") && config.hidden % config.heads != 0) {
    json.Fail("num_attention_heads",
              fmt::format("expected a divisor of hidden_size {}, found {}", config.hidden, config.heads),
              "correct the configuration");
  }
  config.head_dim = json.Int("head_dim", 1, kMostCount, config.hidden / config.heads);
}

ModelConfig ReadPhi(const ConfigReader& json) {
  ModelConfig config;
  config.model_type = json.model_type();
  config.weights_dtype = json.String("dtype", json.String("torch_dtype", ""));
  config.layers = json.Int("num_hidden_layers", 1, kMostCount);
  config.hidden = json.Int("hidden_size", 1, kMostWidth);
  config.intermediate = json.Int("intermediate_size", 1, kMostWidth);
  config.vocab = json.Int("vocab_size", 1, 1 << 24);
  ReadHeads(json, config);
  config.norm_epsilon = json.Number("layer_norm_eps", 1e-5);
  if (config.norm_epsilon < 0) {
    json.Fail("layer_norm_eps", fmt::format("expected a number of at least 0, found {}", config.norm_epsilon),
              "correct the value");
  }
  const std::string activation = json.String("hidden_act", "gelu_new");
  if (activation != "gelu_new") {
    json.Fail("hidden_act", fmt::format("expected \"gelu_new\", found \"{}\"", activation),
              "this activation is not supported for phi");
  }
  config.qk_norm = json.Bool("qk_layernorm", false) ? QkNorm::kLayerNormPerHead : QkNorm::kNone;
  config.rotary = ReadRotary(json, config.head_dim, {.theta = 10000, .partial_factor = 0.5});
  return config;
}

constexpr std::array kTensors = {
    TensorRule{Slot::kEmbedding, "embed_tokens.weight", Dim::kVocab, Dim::kHidden},
    TensorRule{Slot::kInputNormWeight, "layers.{layer}.input_layernorm.weight", Dim::kHidden},
    TensorRule{Slot::kInputNormBias, "layers.{layer}.input_layernorm.bias", Dim::kHidden},
    TensorRule{Slot::kQueryWeight, "layers.{layer}.self_attn.q_proj.weight", Dim::kQueryWidth, Dim::kHidden},
    TensorRule{Slot::kQueryBias, "layers.{layer}.self_attn.q_proj.bias", Dim::kQueryWidth},
    TensorRule{Slot::kKeyWeight, "layers.{layer}.self_attn.k_proj.weight", Dim::kKeyWidth, Dim::kHidden},
    TensorRule{Slot::kKeyBias, "layers.{layer}.self_attn.k_proj.bias", Dim::kKeyWidth},
    TensorRule{Slot::kValueWeight, "layers.{layer}.self_attn.v_proj.weight", Dim::kKeyWidth, Dim::kHidden},
    TensorRule{Slot::kValueBias, "layers.{layer}.self_attn.v_proj.bias", Dim::kKeyWidth},
    TensorRule{Slot::kQueryNormWeight, "layers.{layer}.self_attn.q_layernorm.weight", Dim::kHeadDim,
               Dim::kOne, Presence::kWithQkNorm},
    TensorRule{Slot::kQueryNormBias, "layers.{layer}.self_attn.q_layernorm.bias", Dim::kHeadDim, Dim::kOne,
               Presence::kWithQkNorm},
    TensorRule{Slot::kKeyNormWeight, "layers.{layer}.self_attn.k_layernorm.weight", Dim::kHeadDim, Dim::kOne,
               Presence::kWithQkNorm},
    TensorRule{Slot::kKeyNormBias, "layers.{layer}.self_attn.k_layernorm.bias", Dim::kHeadDim, Dim::kOne,
               Presence::kWithQkNorm},
    TensorRule{Slot::kOutputWeight, "layers.{layer}.self_attn.dense.weight", Dim::kHidden, Dim::kQueryWidth},
    TensorRule{Slot::kOutputBias, "layers.{layer}.self_attn.dense.bias", Dim::kHidden},
    TensorRule{Slot::kUpWeight, "layers.{layer}.mlp.fc1.weight", Dim::kIntermediate, Dim::kHidden},
    TensorRule{Slot::kUpBias, "layers.{layer}.mlp.fc1.bias", Dim::kIntermediate},
    TensorRule{Slot::kDownWeight, "layers.{layer}.mlp.fc2.weight", Dim::kHidden, Dim::kIntermediate},
    TensorRule{Slot::kDownBias, "layers.{layer}.mlp.fc2.bias", Dim::kHidden},
};

// Older checkpoints store the rotary frequencies, which are computed.
constexpr std::array<std::string_view, 3> kUnused = {"lm_head.*", "final_layernorm.*",
                                                     "layers.{layer}.self_attn.rotary_emb.inv_freq"};

}  // namespace

const Family kPhi = {
    .model_type = "phi", .read_config = ReadPhi, .prefix = "model.", .tensors = kTensors, .unused = kUnused};

}  // namespace headspec::model
