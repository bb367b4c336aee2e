// Phi-3, Phi-3.5 and Phi-4: Llama with fused weights, a window and longrope.
// Defaults are those of transformers 4.57.6, configuration_phi3.py.
#include "model/families/common.h"
#include "model/families/families.h"
#include "model/families/rules.h"
#include "model/rope.h"

namespace headspec::model {
namespace {

// attention_bias and mlp_bias stand in some files; the reference has no biases in any case.
ModelConfig ReadPhi3(const ConfigReader& json) {
  ModelConfig config =
      ReadLlamaLike(json, {.hidden = 3072, .intermediate = 8192, .vocab = 32064, .epsilon = 1e-5});
  RopeRules rope;
  rope.partial = true;
  rope.scalings = {RopeScaling::Kind::kLongrope};
  rope.longrope_aliases = true;
  rope.max_length = rope.original_length = 4096;
  config.rotaries = {ReadRotary(json, config.head_dim, rope)};
  WindowAllLayers(ReadWindow(json, "sliding_window", 0), config);
  return config;
}

constexpr std::array kFused = {
    TensorRule{Slot::kQueryWeight, "layers.{layer}.self_attn.qkv_proj.weight", Dim::kQkvWidth, Dim::kHidden}
        .As(Layout::kQkvStacked),
    TensorRule{Slot::kOutputWeight, "layers.{layer}.self_attn.o_proj.weight", Dim::kHidden, Dim::kQueryWidth},
    TensorRule{Slot::kGateWeight, "layers.{layer}.mlp.gate_up_proj.weight", Dim::kTwoIntermediate,
               Dim::kHidden}
        .As(Layout::kGateUp),
    TensorRule{Slot::kDownWeight, "layers.{layer}.mlp.down_proj.weight", Dim::kHidden, Dim::kIntermediate}};
constexpr auto kTensors = Join(kLlamaEmbedding, kLlamaNorms, kFused);
constexpr std::array<std::string_view, 1> kTypes = {"phi3"};

}  // namespace

const Family kPhi3 = {.model_types = kTypes,
                      .read_config = ReadPhi3,
                      .prefixes = kModelPrefix,
                      .tensors = kTensors,
                      .unused = kLlamaUnused,
                      .covers = "Phi-3-mini, Phi-3-medium, Phi-3.5-mini, Phi-4, Phi-4-mini"};

}  // namespace headspec::model
