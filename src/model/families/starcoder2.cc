// StarCoder2: LayerNorm, biases, a plain MLP and a window on every layer.
// Defaults are those of transformers 4.57.6, configuration_starcoder2.py.
#include "model/families/common.h"
#include "model/families/families.h"
#include "model/families/rules.h"
#include "model/rope.h"

namespace headspec::model {
namespace {

ModelConfig ReadStarcoder2(const ConfigReader& json) {
  ModelConfig config = ReadLlamaLike(json, {.layers = 30,
                                            .hidden = 3072,
                                            .heads = 24,
                                            .kv_heads = 2,
                                            .intermediate = 12288,
                                            .vocab = 49152,
                                            .kv_heads_take_null = false,
                                            .epsilon_key = "norm_epsilon",
                                            .epsilon = 1e-5,
                                            .activation = "gelu_pytorch_tanh"});
  config.norm = Norm::kLayerNorm;
  config.is_gated = false;
  config.qkv_bias = config.output_bias = config.mlp_bias = json.Bool("use_bias", true);
  RopeRules rope;
  rope.max_length = 4096;
  config.rotaries = {ReadRotary(json, config.head_dim, rope)};
  WindowAllLayers(ReadWindow(json, "sliding_window", 0), config);
  return config;
}

constexpr std::array kNormBiases = {
    TensorRule{Slot::kAttentionNormBias, "layers.{layer}.input_layernorm.bias", Dim::kHidden},
    TensorRule{Slot::kMlpNormBias, "layers.{layer}.post_attention_layernorm.bias", Dim::kHidden}};
constexpr std::array kPlainMlp = {
    TensorRule{Slot::kUpWeight, "layers.{layer}.mlp.c_fc.weight", Dim::kIntermediate, Dim::kHidden},
    TensorRule{Slot::kUpBias, "layers.{layer}.mlp.c_fc.bias", Dim::kIntermediate}.When(HasMlpBias),
    TensorRule{Slot::kDownWeight, "layers.{layer}.mlp.c_proj.weight", Dim::kHidden, Dim::kIntermediate},
    TensorRule{Slot::kDownBias, "layers.{layer}.mlp.c_proj.bias", Dim::kHidden}.When(HasMlpBias)};
constexpr auto kTensors = Join(kLlamaEmbedding, kLlamaNorms, kNormBiases, kLlamaAttention, kPlainMlp);
constexpr std::array<std::string_view, 1> kTypes = {"starcoder2"};

}  // namespace

const Family kStarcoder2 = {.model_types = kTypes,
                            .read_config = ReadStarcoder2,
                            .prefixes = kModelPrefix,
                            .tensors = kTensors,
                            .unused = kLlamaUnused,
                            .covers = "starcoder2-3b, starcoder2-7b, starcoder2-15b"};

}  // namespace headspec::model
