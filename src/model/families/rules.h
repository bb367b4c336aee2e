// Words that the families' tables share.
#pragma once

#include <array>
#include <cstddef>

#include "model/family.h"

namespace headspec::model {

// Conditions for TensorRule::When.
inline bool HasQkvBias(const ModelConfig& c, int) { return c.qkv_bias; }
inline bool HasOutputBias(const ModelConfig& c, int) { return c.output_bias; }
inline bool HasMlpBias(const ModelConfig& c, int) { return c.mlp_bias; }
inline bool HasQkNorm(const ModelConfig& c, int) { return c.qk_norm != QkNorm::kNone; }
inline bool HasMlpNorm(const ModelConfig& c, int) { return c.norms.before_mlp; }
inline bool IsDense(const ModelConfig& c, int layer) { return !c.Layer(layer).is_expert; }
inline bool HasExperts(const ModelConfig& c, int layer) { return c.Layer(layer).is_expert; }
inline bool HasSharedExpert(const ModelConfig& c, int layer) {
  return c.Layer(layer).is_expert && c.experts.shared_intermediate > 0;
}

// One table of several parts.
template <std::size_t... kSizes>
constexpr auto Join(const std::array<TensorRule, kSizes>&... parts) {
  std::array<TensorRule, (kSizes + ...)> all{};
  std::size_t at = 0;
  const auto append = [&](const auto& part) {
    for (const TensorRule& rule : part) all[at++] = rule;
  };
  (append(parts), ...);
  return all;
}

// The names that Llama gave and most later families kept.
inline constexpr std::array kLlamaEmbedding = {
    TensorRule{Slot::kEmbedding, "embed_tokens.weight", Dim::kVocab, Dim::kHidden}};
inline constexpr std::array kLlamaNorms = {
    TensorRule{Slot::kAttentionNormWeight, "layers.{layer}.input_layernorm.weight", Dim::kHidden},
    TensorRule{Slot::kMlpNormWeight, "layers.{layer}.post_attention_layernorm.weight", Dim::kHidden}};
inline constexpr std::array kLlamaAttention = {
    TensorRule{Slot::kQueryWeight, "layers.{layer}.self_attn.q_proj.weight", Dim::kQueryWidth, Dim::kHidden},
    TensorRule{Slot::kQueryBias, "layers.{layer}.self_attn.q_proj.bias", Dim::kQueryWidth}.When(HasQkvBias),
    TensorRule{Slot::kKeyWeight, "layers.{layer}.self_attn.k_proj.weight", Dim::kKeyWidth, Dim::kHidden},
    TensorRule{Slot::kKeyBias, "layers.{layer}.self_attn.k_proj.bias", Dim::kKeyWidth}.When(HasQkvBias),
    TensorRule{Slot::kValueWeight, "layers.{layer}.self_attn.v_proj.weight", Dim::kKeyWidth, Dim::kHidden},
    TensorRule{Slot::kValueBias, "layers.{layer}.self_attn.v_proj.bias", Dim::kKeyWidth}.When(HasQkvBias),
    TensorRule{Slot::kOutputWeight, "layers.{layer}.self_attn.o_proj.weight", Dim::kHidden, Dim::kQueryWidth},
    TensorRule{Slot::kOutputBias, "layers.{layer}.self_attn.o_proj.bias", Dim::kHidden}.When(HasOutputBias)};
inline constexpr std::array kLlamaMlp = {
    TensorRule{Slot::kGateWeight, "layers.{layer}.mlp.gate_proj.weight", Dim::kIntermediate, Dim::kHidden}
        .When(IsDense),
    TensorRule{Slot::kUpWeight, "layers.{layer}.mlp.up_proj.weight", Dim::kIntermediate, Dim::kHidden}.When(
        IsDense),
    TensorRule{Slot::kDownWeight, "layers.{layer}.mlp.down_proj.weight", Dim::kHidden, Dim::kIntermediate}
        .When(IsDense)};
inline constexpr std::array kLlamaMlpBiases = {
    TensorRule{Slot::kGateBias, "layers.{layer}.mlp.gate_proj.bias", Dim::kIntermediate}.When(HasMlpBias),
    TensorRule{Slot::kUpBias, "layers.{layer}.mlp.up_proj.bias", Dim::kIntermediate}.When(HasMlpBias),
    TensorRule{Slot::kDownBias, "layers.{layer}.mlp.down_proj.bias", Dim::kHidden}.When(HasMlpBias)};

// RMS norm of queries and keys with one weight for all heads: Qwen 3, Gemma 3.
inline constexpr std::array kHeadNorms = {
    TensorRule{Slot::kQueryNormWeight, "layers.{layer}.self_attn.q_norm.weight", Dim::kHeadDim},
    TensorRule{Slot::kKeyNormWeight, "layers.{layer}.self_attn.k_norm.weight", Dim::kHeadDim}};
// Gemma 2 and 3: norms before and after both branches.
inline constexpr std::array kSandwichNorms = {
    TensorRule{Slot::kAttentionNormWeight, "layers.{layer}.input_layernorm.weight", Dim::kHidden},
    TensorRule{Slot::kAttentionOutNormWeight, "layers.{layer}.post_attention_layernorm.weight", Dim::kHidden},
    TensorRule{Slot::kMlpNormWeight, "layers.{layer}.pre_feedforward_layernorm.weight", Dim::kHidden},
    TensorRule{Slot::kMlpOutNormWeight, "layers.{layer}.post_feedforward_layernorm.weight", Dim::kHidden}};
// Qwen 2 and 3.
inline constexpr std::array kQwenExperts = {
    TensorRule{Slot::kRouterWeight, "layers.{layer}.mlp.gate.weight", Dim::kExperts, Dim::kHidden}.When(
        HasExperts),
    TensorRule{Slot::kExpertGateWeight, "layers.{layer}.mlp.experts.{index}.gate_proj.weight",
               Dim::kExpertIntermediate, Dim::kHidden}
        .When(HasExperts)
        .Each(Dim::kExperts),
    TensorRule{Slot::kExpertUpWeight, "layers.{layer}.mlp.experts.{index}.up_proj.weight",
               Dim::kExpertIntermediate, Dim::kHidden}
        .When(HasExperts)
        .Each(Dim::kExperts),
    TensorRule{Slot::kExpertDownWeight, "layers.{layer}.mlp.experts.{index}.down_proj.weight", Dim::kHidden,
               Dim::kExpertIntermediate}
        .When(HasExperts)
        .Each(Dim::kExperts)};

inline constexpr std::array<std::string_view, 1> kModelPrefix = {"model."};
inline constexpr std::array<std::string_view, 1> kTransformerPrefix = {"transformer."};
// Older checkpoints store the rotary frequencies, which are computed.
inline constexpr std::array<std::string_view, 3> kLlamaUnused = {"lm_head.*", "norm.*",
                                                                 "layers.{layer}.self_attn.rotary_emb.*"};

}  // namespace headspec::model
