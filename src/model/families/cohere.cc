// Command-R and Aya: a parallel block under one LayerNorm without bias, neighbours rotated together. Cohere2
// has layers with a window, and rotates only those. Defaults are those of transformers 4.57.6,
// configuration_cohere.py and configuration_cohere2.py.
#include "model/families/common.h"
#include "model/families/families.h"
#include "model/families/rules.h"
#include "model/rope.h"

namespace headspec::model {
namespace {

ModelConfig ReadShared(const ConfigReader& json) {
  ModelConfig config = ReadLlamaLike(json, {.layers = 40,
                                            .hidden = 8192,
                                            .heads = 64,
                                            .intermediate = 22528,
                                            .vocab = 256000,
                                            .epsilon_key = "layer_norm_eps",
                                            .epsilon = 1e-5});
  config.norm = config.qk_norm_kind = Norm::kLayerNormByHand;
  config.norms.before_mlp = false;
  config.residual = Residual::kParallelStreamFirst;
  config.qkv_bias = config.output_bias = json.Bool("attention_bias", false);
  RopeRules rope;
  rope.max_length = 8192;
  rope.pairs = RotaryPairs::kNeighbours;
  rope.rounding = RotaryRounding::kOnceTablesRounded;
  config.rotaries = {ReadRotary(json, config.head_dim, rope)};
  return config;
}

ModelConfig ReadCohere(const ConfigReader& json) {
  ModelConfig config = ReadShared(json);
  if (json.Bool("use_qk_norm", false)) config.qk_norm = QkNorm::kPerHeadOwnWeight;
  return config;
}

// rotary_pct, position_embedding_type and order_of_interleaved_layers are in the files; the reference reads
// none.
ModelConfig ReadCohere2(const ConfigReader& json) {
  ModelConfig config = ReadShared(json);
  RefuseNull(json, "sliding_window");
  ReadWindowedLayers(
      json, ReadWindow(json, "sliding_window", 4096),
      [](int layer, int pattern) { return (layer + 1) % pattern != 0; },
      json.Int("sliding_window_pattern", 1, 1 << 30, 4), config);
  for (LayerConfig& layer : config.layer) layer.rotary = layer.window > 0 ? 0 : -1;
  return config;
}

constexpr std::array kNorms = {
    TensorRule{Slot::kAttentionNormWeight, "layers.{layer}.input_layernorm.weight", Dim::kHidden},
    TensorRule{Slot::kQueryNormWeight, "layers.{layer}.self_attn.q_norm.weight", Dim::kHeads, Dim::kHeadDim}
        .When(HasQkNorm),
    TensorRule{Slot::kKeyNormWeight, "layers.{layer}.self_attn.k_norm.weight", Dim::kKvHeads, Dim::kHeadDim}
        .When(HasQkNorm)};
constexpr auto kTensors = Join(kLlamaEmbedding, kNorms, kLlamaAttention, kLlamaMlp);
constexpr std::array<std::string_view, 1> kCohere2Types = {"cohere2"};
constexpr std::array<std::string_view, 1> kTypes = {"cohere"};

}  // namespace

const Family kCohere = {.model_types = kTypes,
                        .read_config = ReadCohere,
                        .prefixes = kModelPrefix,
                        .tensors = kTensors,
                        .unused = kLlamaUnused,
                        .covers = "Command-R, Command-R+, Aya-23, Aya-Expanse"};

const Family kCohere2 = {.model_types = kCohere2Types,
                         .read_config = ReadCohere2,
                         .prefixes = kModelPrefix,
                         .tensors = kTensors,
                         .unused = kLlamaUnused,
                         .covers = "Command-R7B, Command-A"};

}  // namespace headspec::model
