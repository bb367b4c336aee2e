// Qwen 3 with experts.
// Defaults are those of transformers 4.57.6, configuration_qwen3_moe.py.
#include "model/families/common.h"
#include "model/families/families.h"
#include "model/families/rules.h"
#include "model/rope.h"

namespace headspec::model {
namespace {

// Other than in Qwen 3, an absent head_dim is hidden_size / num_attention_heads.
ModelConfig ReadQwen3Moe(const ConfigReader& json) {
  ModelConfig config = ReadLlamaLike(json, {.layers = 24,
                                            .hidden = 2048,
                                            .kv_heads = 4,
                                            .intermediate = 6144,
                                            .vocab = 151936,
                                            .kv_heads_take_null = false});
  config.qkv_bias = config.output_bias = json.Bool("attention_bias", false);
  config.qk_norm = QkNorm::kPerHead;
  config.qk_norm_kind = Norm::kRmsTwoRoundings;
  RopeRules rope;
  rope.max_length = 32768;
  config.rotaries = {ReadRotary(json, config.head_dim, rope)};
  config.experts = ReadExperts(json, {"num_experts", 128}, 0, 8);
  config.experts.renormalise = json.Bool("norm_topk_prob", false);
  config.experts.intermediate = json.Int("moe_intermediate_size", 1, 1 << 20, 768);
  ReadSparseLayers(json, config);
  // On every layer: the reference ignores max_window_layers here.
  const int window = json.Bool("use_sliding_window", false) ? ReadWindow(json, "sliding_window", 4096) : 0;
  WindowAllLayers(window, config);
  return config;
}

constexpr auto kTensors =
    Join(kLlamaEmbedding, kLlamaNorms, kLlamaAttention, kHeadNorms, kLlamaMlp, kQwenExperts);
constexpr std::array<std::string_view, 1> kTypes = {"qwen3_moe"};

}  // namespace

const Family kQwen3Moe = {.model_types = kTypes,
                          .read_config = ReadQwen3Moe,
                          .prefixes = kModelPrefix,
                          .tensors = kTensors,
                          .unused = kLlamaUnused,
                          .covers = "Qwen3-30B-A3B, Qwen3-235B-A22B, Qwen3-Coder-30B-A3B"};

}  // namespace headspec::model
