// Mixtral: Mistral with experts in place of the MLP.
// Defaults are those of transformers 4.57.6, configuration_mixtral.py.
#include "model/families/common.h"
#include "model/families/families.h"
#include "model/families/rules.h"
#include "model/rope.h"

namespace headspec::model {
namespace {

ModelConfig ReadMixtral(const ConfigReader& json) {
  ModelConfig config = ReadLlamaLike(json, {.kv_heads = 8, .intermediate = 14336, .epsilon = 1e-5});
  RopeRules rope;
  rope.theta = 1e6;
  rope.max_length = 131072;
  config.rotaries = {ReadRotary(json, config.head_dim, rope)};
  config.experts = ReadExperts(json, {"num_local_experts", 8}, 1, 2);
  config.experts.renormalise = true;
  config.experts.intermediate = config.intermediate;
  for (LayerConfig& layer : config.layer) layer.is_expert = true;
  WindowAllLayers(ReadWindow(json, "sliding_window", 0), config);
  return config;
}

constexpr std::array kMixtralExperts = {
    TensorRule{Slot::kRouterWeight, "layers.{layer}.block_sparse_moe.gate.weight", Dim::kExperts,
               Dim::kHidden},
    TensorRule{Slot::kExpertGateWeight, "layers.{layer}.block_sparse_moe.experts.{index}.w1.weight",
               Dim::kIntermediate, Dim::kHidden}
        .Each(Dim::kExperts),
    TensorRule{Slot::kExpertUpWeight, "layers.{layer}.block_sparse_moe.experts.{index}.w3.weight",
               Dim::kIntermediate, Dim::kHidden}
        .Each(Dim::kExperts),
    TensorRule{Slot::kExpertDownWeight, "layers.{layer}.block_sparse_moe.experts.{index}.w2.weight",
               Dim::kHidden, Dim::kIntermediate}
        .Each(Dim::kExperts)};
constexpr auto kTensors = Join(kLlamaEmbedding, kLlamaNorms, kLlamaAttention, kMixtralExperts);
constexpr std::array<std::string_view, 1> kTypes = {"mixtral"};

}  // namespace

const Family kMixtral = {.model_types = kTypes,
                         .read_config = ReadMixtral,
                         .prefixes = kModelPrefix,
                         .tensors = kTensors,
                         .unused = kLlamaUnused,
                         .covers = "Mixtral-8x7B, Mixtral-8x22B"};

}  // namespace headspec::model
