// Qwen 1.5 and 2 with experts, one of them for all tokens.
// Defaults are those of transformers 4.57.6, configuration_qwen2_moe.py.
#include <cmath>

#include "model/families/common.h"
#include "model/families/families.h"
#include "model/families/rules.h"
#include "model/rope.h"

namespace headspec::model {
namespace {

ModelConfig ReadQwen2Moe(const ConfigReader& json) {
  ModelConfig config = ReadLlamaLike(json, {.layers = 24,
                                            .hidden = 2048,
                                            .heads = 16,
                                            .kv_heads = 16,
                                            .intermediate = 5632,
                                            .vocab = 151936,
                                            .kv_heads_take_null = false});
  RequireDerivedHeadDim(json, config);
  config.qkv_bias = json.Bool("qkv_bias", true);
  config.scores.scale = Scores::Scale::kDivide;
  config.scores.operand = std::sqrt(config.head_dim);
  RopeRules rope;
  rope.max_length = 32768;
  config.rotaries = {ReadRotary(json, config.head_dim, rope)};
  config.experts = ReadExperts(json, {"num_experts", 60}, 0, 4);
  config.experts.renormalise = json.Bool("norm_topk_prob", false);
  config.experts.intermediate = json.Int("moe_intermediate_size", 1, 1 << 20, 1408);
  config.experts.shared_intermediate = json.Int("shared_expert_intermediate_size", 1, 1 << 20, 5632);
  ReadSparseLayers(json, config);
  // On every layer: the reference ignores max_window_layers here.
  const int window = json.Bool("use_sliding_window", false) ? ReadWindow(json, "sliding_window", 4096) : 0;
  WindowAllLayers(window, config);
  return config;
}

constexpr std::array kSharedExpert = {
    TensorRule{Slot::kSharedGateWeight, "layers.{layer}.mlp.shared_expert.gate_proj.weight",
               Dim::kSharedIntermediate, Dim::kHidden}
        .When(HasSharedExpert),
    TensorRule{Slot::kSharedUpWeight, "layers.{layer}.mlp.shared_expert.up_proj.weight",
               Dim::kSharedIntermediate, Dim::kHidden}
        .When(HasSharedExpert),
    TensorRule{Slot::kSharedDownWeight, "layers.{layer}.mlp.shared_expert.down_proj.weight", Dim::kHidden,
               Dim::kSharedIntermediate}
        .When(HasSharedExpert),
    TensorRule{Slot::kSharedScaleWeight, "layers.{layer}.mlp.shared_expert_gate.weight", Dim::kOne,
               Dim::kHidden}
        .When(HasSharedExpert)};
constexpr auto kTensors =
    Join(kLlamaEmbedding, kLlamaNorms, kLlamaAttention, kLlamaMlp, kQwenExperts, kSharedExpert);
constexpr std::array<std::string_view, 1> kTypes = {"qwen2_moe"};

}  // namespace

const Family kQwen2Moe = {.model_types = kTypes,
                          .read_config = ReadQwen2Moe,
                          .prefixes = kModelPrefix,
                          .tensors = kTensors,
                          .unused = kLlamaUnused,
                          .covers = "Qwen1.5-MoE-A2.7B, Qwen2-57B-A14B"};

}  // namespace headspec::model
