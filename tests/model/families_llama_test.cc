// The families after Llama: what a real checkpoint's config.json becomes, what absent keys mean, and the
// words for what is refused. Values follow the checkpoint that a row names, as far as they matter.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "model/family.h"
#include "model/model.h"
#include "model/tiny_checkpoint.h"

namespace headspec::model {
namespace {

ModelConfig Read(const Json& config) {
  const TinyCheckpoint checkpoint(config);
  const ConfigReader json = ConfigReader::Open(checkpoint.folder());
  return FamilyOf(json).read_config(json);
}

std::string_view NameOf(Norm norm) {
  switch (norm) {
    case Norm::kLayerNorm:
      return "LayerNorm";
    case Norm::kLayerNormByHand:
      return "LayerNormByHand";
    case Norm::kRmsTwoRoundings:
      return "Rms2";
    case Norm::kRmsOneRounding:
      return "Rms1";
    case Norm::kRmsOnePlusWeight:
      return "Rms1+w";
  }
  return "?";
}

std::string_view NameOf(Activation activation) {
  constexpr std::string_view kNames[] = {"gelu",       "gelu-tanh", "gelu-new", "gelu-fast",
                                         "quick-gelu", "silu",      "relu"};
  return kNames[static_cast<int>(activation)];
}

// "before[, before]; after": where norms stand, how the block joins the stream.
std::string BlockOf(const ModelConfig& c) {
  constexpr std::string_view kResiduals[] = {"sequential", "parallel", "parallel-stream-first"};
  std::string text = fmt::format("{} {:.3g}", NameOf(c.norm), c.norm_epsilon);
  if (c.norms.before_attention) text += " attn";
  if (c.norms.after_attention) text += " attn-out";
  if (c.norms.before_mlp) text += " mlp";
  if (c.norms.after_mlp) text += " mlp-out";
  if (c.norms.after_attention_sum || c.norms.after_mlp_sum) text += " sum";
  return text + fmt::format(", {}", kResiduals[static_cast<int>(c.residual)]);
}

std::string RotaryOf(const Rotary& rotary) {
  constexpr std::string_view kScalings[] = {"", " linear", " dynamic", " yarn", " longrope", " llama3"};
  std::string text = fmt::format("{} base {:.6g}{}", rotary.dims, rotary.theta,
                                 kScalings[static_cast<int>(rotary.scaling.kind)]);
  if (rotary.pairs == RotaryPairs::kNeighbours) text += " neighbours";
  if (rotary.rounding == RotaryRounding::kOnce) text += " once";
  if (rotary.rounding == RotaryRounding::kOnceTablesRounded) text += " once-tables-rounded";
  return text;
}

// One character for each layer, or nothing where all are alike and plain.
template <typename Is>
std::string LayersWhere(const ModelConfig& c, std::string_view what, const Is& is) {
  std::string marks;
  for (const LayerConfig& layer : c.layer) marks += is(layer) ? '1' : '0';
  if (marks.find('1') == std::string::npos) return "";
  if (marks.find('0') == std::string::npos) return fmt::format("; {} everywhere", what);
  return fmt::format("; {} {}", what, marks);
}

// Everything that the readers set, defaults of ModelConfig left out.
std::string Describe(const ModelConfig& c) {
  std::string text = fmt::format("L{} E{} H{} G{} D{} F{} V{}; ", c.layers, c.hidden, c.heads, c.kv_heads,
                                 c.head_dim, c.intermediate, c.vocab);
  text += BlockOf(c) + fmt::format("; {}{}", NameOf(c.activation), c.is_gated ? " gated" : "");
  if (c.qkv_bias || c.output_bias || c.mlp_bias) {
    text += fmt::format("; biases{}{}{}", c.qkv_bias ? " qkv" : "", c.output_bias ? " out" : "",
                        c.mlp_bias ? " mlp" : "");
  }
  constexpr std::string_view kQkNorms[] = {"", "head", "each-head", "full"};
  if (c.qk_norm != QkNorm::kNone)
    text += fmt::format("; qk {} {}", kQkNorms[static_cast<int>(c.qk_norm)], NameOf(c.qk_norm_kind));
  text += "; rotary";
  for (std::size_t i = 0; i < c.rotaries.size(); ++i) text += (i > 0 ? ", " : " ") + RotaryOf(c.rotaries[i]);
  const bool is_divided = c.scores.scale == Scores::Scale::kDivide;
  EXPECT_TRUE(is_divided || c.scores.scale == Scores::Scale::kMultiply);
  text += fmt::format("; scores {}{:.6g}", is_divided ? '/' : '*', c.scores.operand);
  if (c.scores.soft_cap != 0) text += fmt::format(" cap {}", c.scores.soft_cap);
  if (c.embedding_multiplier != 1) {
    text += fmt::format("; embedding *{:.6g}{}", c.embedding_multiplier,
                        c.is_multiplier_rounded ? " rounded" : "");
  }
  if (c.residual_multiplier != 1) text += fmt::format("; residual *{}", c.residual_multiplier);
  if (c.qkv_clip != 0) text += fmt::format("; clip {}", c.qkv_clip);
  int window = 0;
  for (const LayerConfig& layer : c.layer) window = std::max(window, layer.window);
  text += LayersWhere(c, fmt::format("window {}", window), [](const auto& l) { return l.window > 0; });
  text += LayersWhere(c, "second rotary", [](const auto& l) { return l.rotary == 1; });
  text += LayersWhere(c, "no rotary", [](const auto& l) { return l.rotary == -1; });
  if (c.experts.count > 0) {
    text += fmt::format("; experts {} of {} F{}", c.experts.chosen, c.experts.count, c.experts.intermediate);
    if (c.experts.shared_intermediate > 0) text += fmt::format(" shared F{}", c.experts.shared_intermediate);
    if (c.experts.renormalise) text += " renormalised";
  }
  return text + LayersWhere(c, "experts", [](const auto& l) { return l.is_expert; });
}

Json With(Json config, const Json& changes) {
  config.update(changes);
  return config;
}

struct Row {
  std::string checkpoint;
  std::string config;
  std::string expected;
};

void ExpectRows(const std::vector<Row>& rows) {
  for (const Row& row : rows)
    EXPECT_EQ(Describe(Read(Json::parse(row.config))), row.expected) << row.checkpoint;
}

TEST(LlamaFamilies, RealLlamas) {
  ExpectRows({
      {"Llama-2-7b-hf",
       R"({"model_type": "llama", "hidden_act": "silu", "hidden_size": 4096, "intermediate_size": 11008,
           "max_position_embeddings": 4096, "num_attention_heads": 32, "num_hidden_layers": 32,
           "num_key_value_heads": 32, "pretraining_tp": 1, "rms_norm_eps": 1e-05, "rope_scaling": null,
           "tie_word_embeddings": false, "torch_dtype": "float16", "vocab_size": 32000})",
       "L32 E4096 H32 G32 D128 F11008 V32000; Rms2 1e-05 attn mlp, sequential; silu gated; "
       "rotary 128 base 10000; scores *0.0883883"},
      {"Llama-3.2-1B",
       R"({"model_type": "llama", "attention_bias": false, "head_dim": 64, "hidden_act": "silu",
           "hidden_size": 2048, "intermediate_size": 8192, "max_position_embeddings": 131072,
           "mlp_bias": false, "num_attention_heads": 32, "num_hidden_layers": 16, "num_key_value_heads": 8,
           "rms_norm_eps": 1e-05, "rope_scaling": {"factor": 32.0, "high_freq_factor": 4.0,
           "low_freq_factor": 1.0, "original_max_position_embeddings": 8192, "rope_type": "llama3"},
           "rope_theta": 500000.0, "torch_dtype": "bfloat16", "vocab_size": 128256})",
       "L16 E2048 H32 G8 D64 F8192 V128256; Rms2 1e-05 attn mlp, sequential; silu gated; "
       "rotary 64 base 500000 llama3; scores *0.125"},
      {"deepseek-coder-6.7b-base",
       R"({"model_type": "llama", "hidden_size": 4096, "intermediate_size": 11008,
           "max_position_embeddings": 16384, "num_attention_heads": 32, "num_hidden_layers": 32,
           "num_key_value_heads": 32, "rms_norm_eps": 1e-06, "rope_scaling": {"factor": 4.0,
           "type": "linear"}, "rope_theta": 100000, "vocab_size": 32256})",
       "L32 E4096 H32 G32 D128 F11008 V32256; Rms2 1e-06 attn mlp, sequential; silu gated; "
       "rotary 128 base 100000 linear; scores *0.0883883"},
      {"Mistral-7B-v0.1",
       R"({"model_type": "mistral", "hidden_act": "silu", "hidden_size": 4096, "intermediate_size": 14336,
           "max_position_embeddings": 32768, "num_attention_heads": 32, "num_hidden_layers": 32,
           "num_key_value_heads": 8, "rms_norm_eps": 1e-05, "rope_theta": 10000.0, "sliding_window": 4096,
           "vocab_size": 32000})",
       "L32 E4096 H32 G8 D128 F14336 V32000; Rms2 1e-05 attn mlp, sequential; silu gated; "
       "rotary 128 base 10000; scores *0.0883883; window 4096 everywhere"},
      {"Mistral-Nemo-Base-2407",
       R"({"model_type": "mistral", "head_dim": 128, "hidden_size": 5120, "intermediate_size": 14336,
           "max_position_embeddings": 131072, "num_attention_heads": 32, "num_hidden_layers": 40,
           "num_key_value_heads": 8, "rms_norm_eps": 1e-05, "rope_theta": 1000000.0,
           "sliding_window": null, "vocab_size": 131072})",
       "L40 E5120 H32 G8 D128 F14336 V131072; Rms2 1e-05 attn mlp, sequential; silu gated; "
       "rotary 128 base 1e+06; scores *0.0883883"},
      {"Mixtral-8x7B-v0.1",
       R"({"model_type": "mixtral", "hidden_size": 4096, "intermediate_size": 14336,
           "num_attention_heads": 32, "num_experts_per_tok": 2, "num_hidden_layers": 32,
           "num_key_value_heads": 8, "num_local_experts": 8, "rms_norm_eps": 1e-05,
           "rope_theta": 1000000.0, "sliding_window": null, "router_aux_loss_coef": 0.02,
           "vocab_size": 32000})",
       "L32 E4096 H32 G8 D128 F14336 V32000; Rms2 1e-05 attn mlp, sequential; silu gated; "
       "rotary 128 base 1e+06; scores *0.0883883; experts 2 of 8 F14336 renormalised; experts everywhere"},
      {"Phi-3-mini-4k-instruct",
       R"({"model_type": "phi3", "attention_bias": false, "hidden_act": "silu", "hidden_size": 3072,
           "intermediate_size": 8192, "max_position_embeddings": 4096, "num_attention_heads": 32,
           "num_hidden_layers": 32, "num_key_value_heads": 32, "original_max_position_embeddings": 4096,
           "rms_norm_eps": 1e-05, "rope_scaling": null, "rope_theta": 10000.0, "sliding_window": 2047,
           "vocab_size": 32064})",
       "L32 E3072 H32 G32 D96 F8192 V32064; Rms2 1e-05 attn mlp, sequential; silu gated; "
       "rotary 96 base 10000; scores *0.102062; window 2047 everywhere"},
      {"Phi-4-mini-instruct",
       R"({"model_type": "phi3", "hidden_act": "silu", "hidden_size": 3072, "intermediate_size": 8192,
           "max_position_embeddings": 131072, "num_attention_heads": 24, "num_hidden_layers": 32,
           "num_key_value_heads": 8, "original_max_position_embeddings": 4096,
           "partial_rotary_factor": 0.75, "rms_norm_eps": 1e-05, "rope_scaling": {"long_factor": [2.0, 2.0,
           2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0,
           2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0,
           2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0], "short_factor": [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0,
           1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0,
           1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0,
           1.0, 1.0, 1.0], "type": "longrope"}, "rope_theta": 10000.0, "sliding_window": 262144,
           "vocab_size": 200064})",
       "L32 E3072 H24 G8 D128 F8192 V200064; Rms2 1e-05 attn mlp, sequential; silu gated; "
       "rotary 96 base 10000 longrope; scores *0.0883883; window 262144 everywhere"},
  });
}

TEST(LlamaFamilies, RealQwens) {
  ExpectRows({
      {"Qwen2-0.5B",
       R"({"model_type": "qwen2", "hidden_act": "silu", "hidden_size": 896, "intermediate_size": 4864,
           "max_position_embeddings": 131072, "max_window_layers": 24, "num_attention_heads": 14,
           "num_hidden_layers": 24, "num_key_value_heads": 2, "rms_norm_eps": 1e-06,
           "rope_theta": 1000000.0, "sliding_window": 131072, "use_sliding_window": false,
           "vocab_size": 151936})",
       "L24 E896 H14 G2 D64 F4864 V151936; Rms2 1e-06 attn mlp, sequential; silu gated; biases qkv; "
       "rotary 64 base 1e+06; scores *0.125"},
      {"Qwen2-7B with its window and yarn on",
       R"({"model_type": "qwen2", "hidden_size": 3584, "intermediate_size": 18944,
           "max_window_layers": 20, "num_attention_heads": 28, "num_hidden_layers": 28,
           "num_key_value_heads": 4, "rope_theta": 1000000.0, "sliding_window": 131072,
           "use_sliding_window": true, "rope_scaling": {"type": "yarn", "factor": 4.0,
           "original_max_position_embeddings": 32768}, "vocab_size": 152064})",
       "L28 E3584 H28 G4 D128 F18944 V152064; Rms2 1e-06 attn mlp, sequential; silu gated; biases qkv; "
       "rotary 128 base 1e+06 yarn; scores *0.0883883; window 131072 0000000000000000000011111111"},
      {"Qwen1.5-MoE-A2.7B",
       R"({"model_type": "qwen2_moe", "decoder_sparse_step": 1, "hidden_size": 2048,
           "intermediate_size": 5632, "max_window_layers": 21, "moe_intermediate_size": 1408,
           "norm_topk_prob": false, "num_attention_heads": 16, "num_experts": 60, "num_experts_per_tok": 4,
           "num_hidden_layers": 24, "num_key_value_heads": 16, "rope_theta": 1000000.0,
           "shared_expert_intermediate_size": 5632, "sliding_window": 32768, "use_sliding_window": false,
           "vocab_size": 151936})",
       "L24 E2048 H16 G16 D128 F5632 V151936; Rms2 1e-06 attn mlp, sequential; silu gated; biases qkv; "
       "rotary 128 base 1e+06; scores /11.3137; experts 4 of 60 F1408 shared F5632; experts everywhere"},
      {"Qwen3-0.6B",
       R"({"model_type": "qwen3", "attention_bias": false, "head_dim": 128, "hidden_size": 1024,
           "intermediate_size": 3072, "max_window_layers": 28, "num_attention_heads": 16,
           "num_hidden_layers": 28, "num_key_value_heads": 8, "rms_norm_eps": 1e-06, "rope_scaling": null,
           "rope_theta": 1000000, "sliding_window": null, "use_sliding_window": false,
           "vocab_size": 151936})",
       "L28 E1024 H16 G8 D128 F3072 V151936; Rms2 1e-06 attn mlp, sequential; silu gated; qk head Rms2; "
       "rotary 128 base 1e+06; scores *0.0883883"},
      {"Qwen3-30B-A3B, two layers of it dense",
       R"({"model_type": "qwen3_moe", "decoder_sparse_step": 1, "head_dim": 128, "hidden_size": 2048,
           "intermediate_size": 6144, "mlp_only_layers": [0, 2], "moe_intermediate_size": 768,
           "norm_topk_prob": true, "num_attention_heads": 32, "num_experts": 128, "num_experts_per_tok": 8,
           "num_hidden_layers": 48, "num_key_value_heads": 4, "rope_theta": 1000000.0,
           "sliding_window": null, "use_sliding_window": false, "vocab_size": 151936})",
       "L48 E2048 H32 G4 D128 F6144 V151936; Rms2 1e-06 attn mlp, sequential; silu gated; qk head Rms2; "
       "rotary 128 base 1e+06; scores *0.0883883; experts 8 of 128 F768 renormalised; "
       "experts 010111111111111111111111111111111111111111111111"},
  });
}

TEST(LlamaFamilies, RealGemmas) {
  const Json gemma3_4b_text = {{"hidden_size", 2560},
                               {"intermediate_size", 10240},
                               {"model_type", "gemma3_text"},
                               {"num_hidden_layers", 34},
                               {"rope_scaling", {{"factor", 8.0}, {"rope_type", "linear"}}},
                               {"sliding_window", 1024}};
  ExpectRows({
      {"gemma-2b",
       R"({"model_type": "gemma", "head_dim": 256, "hidden_act": "gelu", "hidden_activation": null,
           "hidden_size": 2048, "intermediate_size": 16384, "max_position_embeddings": 8192,
           "num_attention_heads": 8, "num_hidden_layers": 18, "num_key_value_heads": 1,
           "rms_norm_eps": 1e-06, "rope_scaling": null, "rope_theta": 10000.0, "vocab_size": 256000})",
       "L18 E2048 H8 G1 D256 F16384 V256000; Rms1+w 1e-06 attn mlp, sequential; gelu gated; "
       "rotary 256 base 10000; scores *0.0625; embedding *45.2548 rounded"},
      {"gemma-2-27b",
       R"({"model_type": "gemma2", "attn_logit_softcapping": 50.0, "cache_implementation": "hybrid",
           "final_logit_softcapping": 30.0, "head_dim": 128, "hidden_act": "gelu_pytorch_tanh",
           "hidden_activation": "gelu_pytorch_tanh", "hidden_size": 4608, "intermediate_size": 36864,
           "num_attention_heads": 32, "num_hidden_layers": 46, "num_key_value_heads": 16,
           "query_pre_attn_scalar": 144, "sliding_window": 4096, "sliding_window_size": 4096,
           "vocab_size": 256000})",
       "L46 E4608 H32 G16 D128 F36864 V256000; Rms1+w 1e-06 attn attn-out mlp mlp-out, sequential; "
       "gelu-tanh gated; rotary 128 base 10000; scores *0.0833333 cap 50; embedding *67.8823 rounded; "
       "window 4096 1010101010101010101010101010101010101010101010"},
      {"gemma-3-1b-pt",
       R"({"model_type": "gemma3_text", "attn_logit_softcapping": null, "head_dim": 256,
           "hidden_activation": "gelu_pytorch_tanh", "hidden_size": 1152, "intermediate_size": 6912,
           "num_attention_heads": 4, "num_hidden_layers": 26, "num_key_value_heads": 1,
           "query_pre_attn_scalar": 256, "rope_local_base_freq": 10000, "rope_theta": 1000000,
           "sliding_window": 512, "sliding_window_pattern": 6, "vocab_size": 262144})",
       "L26 E1152 H4 G1 D256 F6912 V262144; Rms1+w 1e-06 attn attn-out mlp mlp-out, sequential; "
       "gelu-tanh gated; qk head Rms1+w; rotary 256 base 1e+06, 256 base 10000; scores *0.0625; "
       "embedding *33.9411 rounded; window 512 11111011111011111011111011; "
       "second rotary 11111011111011111011111011"},
      {"gemma-3-4b-pt",
       R"({"model_type": "gemma3", "text_config": {"hidden_size": 2560, "intermediate_size": 10240,
           "model_type": "gemma3_text", "num_hidden_layers": 34, "rope_scaling": {"factor": 8.0,
           "rope_type": "linear"}, "sliding_window": 1024}, "torch_dtype": "bfloat16",
           "vision_config": {"hidden_size": 1152}})",
       "L34 E2560 H8 G4 D256 F10240 V262208; Rms1+w 1e-06 attn attn-out mlp mlp-out, sequential; "
       "gelu-tanh gated; qk head Rms1+w; rotary 256 base 1e+06 linear, 256 base 10000; scores *0.0625; "
       "embedding *50.5964 rounded; window 1024 1111101111101111101111101111101111; "
       "second rotary 1111101111101111101111101111101111"},
  });
  const ModelConfig multimodal =
      Read({{"model_type", "gemma3"}, {"text_config", gemma3_4b_text}, {"torch_dtype", "bfloat16"}});
  EXPECT_EQ(multimodal.model_type, "gemma3");
  EXPECT_EQ(multimodal.weights_dtype, "bfloat16");
  EXPECT_EQ(multimodal.rotaries[0].scaling.factor, 8);
  EXPECT_EQ(multimodal.rotaries[1].scaling.kind, RopeScaling::Kind::kNone);
}

TEST(LlamaFamilies, TheOtherRealOnes) {
  ExpectRows({
      {"stablelm-2-1_6b",
       R"({"model_type": "stablelm", "hidden_act": "silu", "hidden_size": 2048, "intermediate_size": 5632,
           "layer_norm_eps": 1e-05, "max_position_embeddings": 4096, "num_attention_heads": 32,
           "num_hidden_layers": 24, "num_key_value_heads": 32, "partial_rotary_factor": 0.25,
           "rope_theta": 10000, "use_qkv_bias": true, "vocab_size": 100352})",
       "L24 E2048 H32 G32 D64 F5632 V100352; LayerNorm 1e-05 attn mlp, sequential; silu gated; biases qkv; "
       "rotary 16 base 10000; scores /8"},
      {"stablelm-2-12b",
       R"({"model_type": "stablelm", "hidden_size": 5120, "intermediate_size": 13824,
           "layer_norm_eps": 1e-05, "num_attention_heads": 32, "num_hidden_layers": 40,
           "num_key_value_heads": 8, "partial_rotary_factor": 0.25, "qk_layernorm": true,
           "use_parallel_residual": true, "use_qkv_bias": false, "vocab_size": 100352})",
       "L40 E5120 H32 G8 D160 F13824 V100352; LayerNorm 1e-05 attn, parallel-stream-first; silu gated; "
       "qk each-head LayerNorm; rotary 40 base 10000; scores /12.6491"},
      {"starcoder2-3b",
       R"({"model_type": "starcoder2", "hidden_act": "gelu_pytorch_tanh", "hidden_size": 3072,
           "intermediate_size": 12288, "max_position_embeddings": 16384, "mlp_type": "default",
           "norm_epsilon": 1e-05, "norm_type": "layer_norm", "num_attention_heads": 24,
           "num_hidden_layers": 30, "num_key_value_heads": 2, "rope_theta": 999999.4420358813,
           "sliding_window": 4096, "use_bias": true, "vocab_size": 49152})",
       "L30 E3072 H24 G2 D128 F12288 V49152; LayerNorm 1e-05 attn mlp, sequential; gelu-tanh; "
       "biases qkv out mlp; rotary 128 base 999999; scores *0.0883883; window 4096 everywhere"},
      {"OLMo-1.7-7B-hf",
       R"({"model_type": "olmo", "attention_bias": false, "clip_qkv": 8.0, "hidden_size": 4096,
           "intermediate_size": 11008, "max_position_embeddings": 4096, "num_attention_heads": 32,
           "num_hidden_layers": 32, "num_key_value_heads": 32, "rope_theta": 10000.0, "vocab_size": 50304})",
       "L32 E4096 H32 G32 D128 F11008 V50304; LayerNorm 1e-05 attn mlp, sequential; silu gated; "
       "rotary 128 base 10000 once; scores *0.0883883; clip 8"},
      {"OLMo-2-1124-13B",
       R"({"model_type": "olmo2", "attention_bias": false, "hidden_size": 5120,
           "intermediate_size": 13824, "num_attention_heads": 40, "num_hidden_layers": 40,
           "num_key_value_heads": 40, "rms_norm_eps": 1e-06, "rope_theta": 500000, "vocab_size": 100352})",
       "L40 E5120 H40 G40 D128 F13824 V100352; Rms1 1e-06 attn-out mlp-out, sequential; silu gated; "
       "qk full Rms1; rotary 128 base 500000 once; scores *0.0883883"},
      {"granite-3.0-2b-base",
       R"({"model_type": "granite", "attention_bias": false, "attention_multiplier": 0.015625,
           "embedding_multiplier": 12.0, "hidden_size": 2048, "intermediate_size": 8192,
           "logits_scaling": 8.0, "mlp_bias": false, "num_attention_heads": 32, "num_hidden_layers": 40,
           "num_key_value_heads": 8, "residual_multiplier": 0.22, "rms_norm_eps": 1e-05,
           "rope_theta": 10000.0, "vocab_size": 49152})",
       "L40 E2048 H32 G8 D64 F8192 V49152; Rms2 1e-05 attn mlp, sequential; silu gated; "
       "rotary 64 base 10000; scores *0.015625; embedding *12; residual *0.22"},
      {"c4ai-command-r-plus",
       R"({"model_type": "cohere", "attention_bias": false, "hidden_size": 12288,
           "intermediate_size": 33792, "layer_norm_eps": 1e-05, "logit_scale": 0.8333333333333334,
           "model_max_length": 131072, "num_attention_heads": 96, "num_hidden_layers": 64,
           "num_key_value_heads": 8, "rope_theta": 75000000.0, "use_qk_norm": true, "vocab_size": 256000})",
       "L64 E12288 H96 G8 D128 F33792 V256000; LayerNormByHand 1e-05 attn, parallel-stream-first; "
       "silu gated; qk each-head LayerNormByHand; rotary 128 base 7.5e+07 neighbours once-tables-rounded; "
       "scores *0.0883883"},
      {"c4ai-command-r7b-12-2024",
       R"({"model_type": "cohere2", "head_dim": 128, "hidden_size": 4096, "intermediate_size": 14336,
           "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 8,
           "order_of_interleaved_layers": "local_attn_first", "position_embedding_type": "rope_gptj",
           "rope_theta": 50000, "rotary_pct": 1.0, "sliding_window": 4096, "sliding_window_pattern": 4,
           "use_parallel_block": true, "vocab_size": 256000})",
       "L32 E4096 H32 G8 D128 F14336 V256000; LayerNormByHand 1e-05 attn, parallel-stream-first; "
       "silu gated; rotary 128 base 50000 neighbours once-tables-rounded; scores *0.0883883; "
       "window 4096 11101110111011101110111011101110; no rotary 00010001000100010001000100010001"},
      {"SmolLM3-3B",
       R"({"model_type": "smollm3", "attention_bias": false, "hidden_act": "silu", "hidden_size": 2048,
           "intermediate_size": 11008, "max_position_embeddings": 65536, "max_window_layers": 28,
           "mlp_bias": false, "no_rope_layer_interval": 4,
           "no_rope_layers": [1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 0,
                              1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 0],
           "num_attention_heads": 16, "num_hidden_layers": 36, "num_key_value_heads": 4, "pretraining_tp": 2,
           "rms_norm_eps": 1e-06, "rope_scaling": null, "rope_theta": 5000000.0, "sliding_window": null,
           "torch_dtype": "bfloat16", "use_sliding_window": false, "vocab_size": 128256})",
       "L36 E2048 H16 G4 D128 F11008 V128256; Rms2 1e-06 attn mlp, sequential; silu gated; "
       "rotary 128 base 5e+06; scores *0.0883883; no rotary 000100010001000100010001000100010001"},
  });
}

// A config that says nothing means what transformers' config class does.
TEST(LlamaFamilies, Defaults) {
  const std::string llama = "Rms2 1e-06 attn mlp, sequential; silu gated; ";
  const std::string gemma2 = "Rms1+w 1e-06 attn attn-out mlp mlp-out, sequential; gelu-tanh gated; ";
  const std::string cohere =
      "L40 E8192 H64 G64 D128 F22528 V256000; LayerNormByHand 1e-05 attn, parallel-stream-first; silu gated; "
      "rotary "
      "128 base 10000 neighbours once-tables-rounded; scores *0.0883883";
  const std::string plain = "rotary 128 base 10000; scores *0.0883883";
  for (const auto& [type, expected] : std::vector<std::pair<const char*, std::string>>{
           {"phi3",
            "L32 E3072 H32 G32 D96 F8192 V32064; Rms2 1e-05 attn mlp, sequential; silu gated; rotary 96 base "
            "10000; "
            "scores *0.102062"},
           {"llama", "L32 E4096 H32 G32 D128 F11008 V32000; " + llama + plain},
           {"mistral", "L32 E4096 H32 G8 D128 F14336 V32000; " + llama + plain + "; window 4096 everywhere"},
           {"mixtral",
            "L32 E4096 H32 G8 D128 F14336 V32000; Rms2 1e-05 attn mlp, sequential; silu gated; rotary 128 "
            "base 1e+06; "
            "scores *0.0883883; experts 2 of 8 F14336 renormalised; experts everywhere"},
           {"qwen2", "L32 E4096 H32 G32 D128 F22016 V151936; " + llama + "biases qkv; " + plain},
           {"qwen2_moe", "L24 E2048 H16 G16 D128 F5632 V151936; " + llama +
                             "biases qkv; rotary 128 base 10000; scores /11.3137; experts 4 of 60 F1408 "
                             "shared F5632; experts "
                             "everywhere"},
           {"qwen3", "L32 E4096 H32 G32 D128 F22016 V151936; " + llama + "qk head Rms2; " + plain},
           {"qwen3_moe", "L24 E2048 H32 G4 D64 F6144 V151936; " + llama +
                             "qk head Rms2; rotary 64 base 10000; scores *0.125; experts 8 of 128 F768; "
                             "experts everywhere"},
           {"gemma",
            "L28 E3072 H16 G16 D256 F24576 V256000; Rms1+w 1e-06 attn mlp, sequential; gelu-tanh gated; "
            "rotary 256 "
            "base 10000; scores *0.0625; embedding *55.4256 rounded"},
           {"gemma2", "L26 E2304 H8 G4 D256 F9216 V256000; " + gemma2 +
                          "rotary 256 base 10000; scores *0.0625 cap 50; embedding *48 rounded; window 4096 "
                          "10101010101010101010101010"},
           {"gemma3_text", "L26 E2304 H8 G4 D256 F9216 V262208; " + gemma2 +
                               "qk head Rms1+w; rotary 256 base 1e+06, 256 base 10000; scores *0.0625; "
                               "embedding *48 rounded; window "
                               "4096 11111011111011111011111011; second rotary 11111011111011111011111011"},
           {"stablelm",
            "L32 E2560 H32 G32 D80 F6912 V50304; LayerNorm 1e-05 attn mlp, sequential; silu gated; rotary 20 "
            "base "
            "10000; scores /8.94427"},
           {"starcoder2",
            "L30 E3072 H24 G2 D128 F12288 V49152; LayerNorm 1e-05 attn mlp, sequential; gelu-tanh; biases "
            "qkv out "
            "mlp; " +
                plain},
           {"olmo",
            "L32 E4096 H32 G32 D128 F11008 V50304; LayerNorm 1e-05 attn mlp, sequential; silu gated; rotary "
            "128 base "
            "10000 once; scores *0.0883883"},
           {"olmo2",
            "L32 E4096 H32 G32 D128 F11008 V50304; Rms1 1e-05 attn-out mlp-out, sequential; silu gated; qk "
            "full "
            "Rms1; rotary 128 base 10000 once; scores *0.0883883"},
           {"granite", "L32 E4096 H32 G32 D128 F11008 V32000; " + llama + "rotary 128 base 10000; scores *1"},
           {"cohere", cohere},
           {"cohere2", cohere + "; window 4096 1110111011101110111011101110111011101110; no rotary "
                                "0001000100010001000100010001000100010001"},
           {"smollm3", "L36 E2048 H16 G4 D128 F11008 V128256; " + llama +
                           "rotary 128 base 2e+06; scores *0.0883883; no rotary "
                           "000100010001000100010001000100010001"},
       })
    EXPECT_EQ(Describe(Read({{"model_type", type}})), expected) << type;
  EXPECT_EQ(Describe(Read({{"model_type", "gemma3"}, {"text_config", Json::object()}})),
            Describe(Read({{"model_type", "gemma3_text"}})));
}

TEST(LlamaFamilies, SwitchesThatNoRowAboveHas) {
  const auto biases = [](const char* type, const Json& changes) {
    const ModelConfig c = Read(With({{"model_type", type}}, changes));
    return fmt::format("{:d}{:d}{:d}", c.qkv_bias, c.output_bias, c.mlp_bias);
  };
  for (const char* type : {"llama", "granite", "smollm3"}) {
    EXPECT_EQ(biases(type, {{"attention_bias", true}}), "110") << type;
    EXPECT_EQ(biases(type, {{"mlp_bias", true}}), "001") << type;
  }
  for (const char* type :
       {"qwen3", "qwen3_moe", "gemma", "gemma2", "gemma3_text", "olmo", "olmo2", "cohere", "cohere2"})
    EXPECT_EQ(biases(type, {{"attention_bias", true}, {"mlp_bias", true}}), "110") << type;
  EXPECT_EQ(biases("qwen2_moe", {{"qkv_bias", false}}), "000");
  EXPECT_EQ(biases("starcoder2", {{"use_bias", false}}), "000");
  EXPECT_EQ(Read({{"model_type", "llama"}, {"hidden_act", "swish"}}).activation, Activation::kSilu);
  EXPECT_EQ(Read({{"model_type", "gemma2"}, {"hidden_activation", "gelu"}}).activation, Activation::kGelu);

  const auto experts = [](const Json& changes) {
    std::string marks;
    for (const LayerConfig& layer :
         Read(With({{"model_type", "qwen2_moe"}, {"num_hidden_layers", 6}}, changes)).layer)
      marks += layer.is_expert ? '1' : '0';
    return marks;
  };
  EXPECT_EQ(experts({{"decoder_sparse_step", 2}}), "010101");
  EXPECT_EQ(experts({{"decoder_sparse_step", 2}, {"mlp_only_layers", {3, 7}}}), "010001");
  EXPECT_EQ(experts({{"num_experts", 0}}), "000000");
  EXPECT_EQ(experts({{"mlp_only_layers", nullptr}}), "111111");
  EXPECT_TRUE(Read({{"model_type", "qwen2_moe"}, {"norm_topk_prob", true}}).experts.renormalise);

  const auto windows = [](const char* type, const Json& changes) {
    const ModelConfig c = Read(With({{"model_type", type}, {"num_hidden_layers", 3}}, changes));
    return fmt::format("{} {} {}", c.layer[0].window, c.layer[1].window, c.layer[2].window);
  };
  const Json types = {{"layer_types", {"full_attention", "sliding_attention", "sliding_attention"}}};
  for (const char* type : {"gemma2", "gemma3_text", "cohere2"})
    EXPECT_EQ(windows(type, types), "0 4096 4096") << type;
  for (const char* type : {"qwen2", "qwen3"}) {
    EXPECT_EQ(windows(type, With(types, {{"use_sliding_window", true}})), "0 4096 4096") << type;
    EXPECT_EQ(windows(type, {{"use_sliding_window", true}, {"max_window_layers", 1}}), "0 4096 4096") << type;
    EXPECT_EQ(windows(type, {{"use_sliding_window", true}}), "0 0 0") << type;
    EXPECT_EQ(windows(type, {{"use_sliding_window", true}, {"sliding_window", nullptr}}), "0 0 0") << type;
  }
  for (const char* type : {"qwen2_moe", "qwen3_moe"})
    EXPECT_EQ(windows(type, {{"use_sliding_window", true}}), "4096 4096 4096") << type;
  for (const char* type : {"mixtral", "starcoder2"})
    EXPECT_EQ(windows(type, {{"sliding_window", 16}}), "16 16 16") << type;
  EXPECT_EQ(windows("gemma3_text", {{"sliding_window_pattern", 2}}), "4096 0 4096");
  EXPECT_EQ(windows("cohere2", {{"sliding_window_pattern", 1}}), "0 0 0");
}

TEST(LlamaFamilies, SmolLm3LayersWithoutRotation) {
  // One word for each layer: whether it rotates, and its window.
  const auto layers = [](const Json& changes) {
    std::string text;
    for (const LayerConfig& layer :
         Read(With({{"model_type", "smollm3"}, {"num_hidden_layers", 3}}, changes)).layer)
      text += fmt::format("{}{}{}", text.empty() ? "" : " ", layer.rotary == 0 ? "r" : "-", layer.window);
    return text;
  };
  const Json second = {{"no_rope_layers", {1, 0, 2, 0}}};  // longer than the model, any number but 0 rotates
  const Json on = {{"use_sliding_window", true}, {"sliding_window", 16}};
  EXPECT_EQ(layers(second), "r0 -0 r0");
  EXPECT_EQ(layers(With(second, {{"no_rope_layer_interval", nullptr}})), "r0 -0 r0");
  EXPECT_EQ(layers({{"no_rope_layers", nullptr}, {"no_rope_layer_interval", 3}}), "r0 r0 -0");
  EXPECT_EQ(layers({{"no_rope_layer_interval", 1}}), "-0 -0 -0");
  EXPECT_EQ(layers(With(second, on)), "r0 -16 r0");
  EXPECT_EQ(layers(With(second, {{"use_sliding_window", true}})), "r0 -0 r0");
  EXPECT_EQ(layers(With(second, {{"sliding_window", 16}})), "r0 -0 r0");
  // The reference's masks follow layer_types, whatever the switch says.
  const Json types = {{"layer_types", {"sliding_attention", "full_attention", "sliding_attention"}}};
  EXPECT_EQ(layers(With(With(second, types), {{"sliding_window", 16}})), "r16 -0 r16");
  EXPECT_EQ(layers(With(With(second, types), on)), "r16 -0 r16");
}

// null is not the same as nothing.
TEST(LlamaFamilies, Null) {
  for (const char* type : {"mistral", "mixtral", "qwen2", "qwen3"})
    EXPECT_EQ(Read({{"model_type", type}, {"num_key_value_heads", nullptr}}).kv_heads, 32) << type;
  EXPECT_EQ(Read({{"model_type", "mistral"}, {"sliding_window", nullptr}}).layer[0].window, 0);
  EXPECT_EQ(Read({{"model_type", "gemma2"}, {"attn_logit_softcapping", nullptr}}).scores.soft_cap, 0);
  EXPECT_EQ(Read({{"model_type", "olmo"}, {"clip_qkv", nullptr}}).qkv_clip, 0);
  EXPECT_EQ(Read({{"model_type", "llama"}, {"head_dim", nullptr}}).head_dim, 128);
  EXPECT_EQ(Read({{"model_type", "smollm3"}, {"num_key_value_heads", nullptr}}).kv_heads, 16);
}

// Keys that the reference does not read in this family, whatever they say.
TEST(LlamaFamilies, IgnoredKeys) {
  const Json sliding = std::vector<std::string>(32, "sliding_attention");
  for (const auto& [type, changes] : std::vector<std::pair<const char*, Json>>{
           {"llama", {{"sliding_window", 16}, {"pretraining_tp", 2}, {"layer_types", sliding}}},
           {"phi3", {{"attention_bias", true}, {"mlp_bias", true}, {"layer_types", sliding}}},
           {"mistral", {{"attention_bias", true}, {"layer_types", {"full_attention"}}}},
           {"qwen2", {{"attention_bias", true}, {"qkv_bias", false}, {"sliding_window", 16}}},
           {"qwen2_moe", {{"max_window_layers", 3}, {"router_aux_loss_coef", 1.0}}},
           {"gemma", {{"hidden_activation", "relu"}}},
           {"gemma2",
            {{"hidden_act", "relu"}, {"final_logit_softcapping", 1.0}, {"sliding_window_pattern", 3}}},
           {"gemma3_text", {{"attn_logit_softcapping", 2.0}, {"hidden_act", "relu"}}},
           {"stablelm", {{"rotary_pct", 1.0}, {"norm_eps", 1.0}, {"rope_pct", 1.0}}},
           {"granite", {{"logits_scaling", 8.0}}},
           {"cohere", {{"logit_scale", 2.0}, {"sliding_window", 16}}},
           {"cohere2", {{"use_qk_norm", true}, {"rotary_pct", 0.5}}},
           {"smollm3", {{"sliding_window", 16}, {"max_window_layers", 1}, {"pretraining_tp", 2}}}})
    EXPECT_EQ(Describe(Read(With({{"model_type", type}}, changes))), Describe(Read({{"model_type", type}})))
        << type;
}

TEST(LlamaFamilies, RotaryOfEachTypeOfLayerInNewKeys) {
  const ModelConfig config =
      Read({{"model_type", "gemma3_text"},
            {"rope_parameters",
             {{"full_attention", {{"rope_type", "linear"}, {"factor", 8.0}, {"rope_theta", 2e6}}},
              {"sliding_attention", {{"rope_type", "default"}, {"rope_theta", 5e3}}}}}});
  EXPECT_EQ(config.rotaries[0].theta, 2e6);
  EXPECT_EQ(config.rotaries[0].scaling.factor, 8);
  EXPECT_EQ(config.rotaries[1].theta, 5e3);
  EXPECT_EQ(config.rotaries[1].scaling.kind, RopeScaling::Kind::kNone);
}

struct Refusal {
  const char* type;
  Json changes;
  std::string message;  // after "kInput: config.json: "
};

TEST(LlamaFamiliesRefusal, EachKey) {
  const std::string unsupported = " in FOLDER; this rotary scaling changes attention and is not supported";
  const std::string null =
      "expected a value, found null in FOLDER; give the value, or remove the key for its default";
  const std::string layers = R"("layer_types": expected )";
  const std::string head_dim = R"("head_dim": expected hidden_size )";
  const std::string no_other = " in FOLDER; this family has no other width of a head; remove the key";
  std::vector<Refusal> refusals = {
      {"llama",
       {{"hidden_act", "tanh"}},
       R"("hidden_act": expected one of: gelu, gelu_pytorch_tanh, gelu_new, gelu_fast, quick_gelu, silu, swish, relu; found "tanh" in FOLDER; this activation is not supported)"},
      {"llama",
       {{"partial_rotary_factor", 0.5}},
       R"("partial_rotary_factor": expected 1, found 0.5 in FOLDER; this family rotates whole heads; remove the key)"},
      {"llama",
       {{"rope_scaling", Json::object()}},
       R"("rope_scaling.rope_type": expected one of: default, linear, dynamic, yarn, longrope, llama3; found nothing in FOLDER; name the kind of scaling, or remove the key if there is none)"},
      {"llama",
       {{"rms_norm_eps", -1}},
       R"("rms_norm_eps": expected a number of at least 0, found -1 in FOLDER; correct the value)"},
      {"phi3",
       {{"rope_scaling", {{"type", "linear"}, {"factor", 2.0}}}},
       R"("rope_scaling.type": expected one of: default, longrope; found "linear")" + unsupported},
      {"mistral",
       {{"num_attention_heads", 4}},
       R"("num_key_value_heads": expected a divisor of num_attention_heads 4, found 8 in FOLDER; correct the configuration)"},
      {"mistral",
       {{"sliding_window", 0}},
       R"("sliding_window": expected an integer from 1 to 1073741824, found 0 in FOLDER; download the file again or correct it)"},
      {"mixtral",
       {{"num_local_experts", 1}},
       R"("num_experts_per_tok": expected at most num_local_experts 1, found 2 in FOLDER; correct the configuration)"},
      {"mixtral",
       {{"num_local_experts", 0}},
       R"("num_local_experts": expected an integer from 1 to 16384, found 0 in FOLDER; download the file again or correct it)"},
      {"qwen2_moe",
       {{"num_experts_per_tok", 61}},
       R"("num_experts_per_tok": expected at most num_experts 60, found 61 in FOLDER; correct the configuration)"},
      {"qwen2_moe",
       {{"mlp_only_layers", {"0"}}},
       R"("mlp_only_layers": expected a list of integers, found ["0"] in FOLDER; download the file again or correct it)"},
      {"qwen2_moe",
       {{"decoder_sparse_step", 0}},
       R"("decoder_sparse_step": expected an integer from 1 to 16384, found 0 in FOLDER; download the file again or correct it)"},
      {"qwen2_moe", {{"head_dim", 64}}, head_dim + "2048 / num_attention_heads 16, found 64" + no_other},
      {"stablelm", {{"head_dim", 64}}, head_dim + "2560 / num_attention_heads 32, found 64" + no_other},
      {"gemma2",
       {{"attn_logit_softcapping", 0}},
       R"("attn_logit_softcapping": expected a positive number, found 0 in FOLDER; correct the value)"},
      {"gemma3_text",
       {{"use_bidirectional_attention", true}},
       R"("use_bidirectional_attention": expected false, found true in FOLDER; this setting changes attention and is not supported)"},
      {"gemma3_text",
       {{"sliding_window_pattern", 0}},
       R"("sliding_window_pattern": expected an integer from 1 to 1073741824, found 0 in FOLDER; download the file again or correct it)"},
      {"gemma3_text",
       {{"rope_parameters", {{"full_attention", {{"rope_theta", 1e6}}}}}},
       R"("rope_parameters.sliding_attention": expected an object, found nothing in FOLDER; give the rotary settings of each type of layer)"},
      {"gemma3", Json::object(),
       R"("text_config": expected an object, found nothing in FOLDER; download the file again)"},
      {"gemma3", {{"text_config", {{"head_dim", nullptr}}}}, R"("text_config.head_dim": )" + null},
      {"olmo",
       {{"clip_qkv", -8}},
       R"("clip_qkv": expected a positive number, found -8 in FOLDER; correct the value)"},
      {"smollm3",
       {{"num_hidden_layers", 3}, {"no_rope_layers", {1, 0}}},
       R"("no_rope_layers": expected at least 3 entries, found 2 in FOLDER; correct the configuration)"},
      {"smollm3",
       {{"no_rope_layers", Json::array()}},
       R"("no_rope_layers": expected at least 36 entries, found 0 in FOLDER; correct the configuration)"},
      {"smollm3",
       {{"no_rope_layer_interval", 0}},
       R"("no_rope_layer_interval": expected an integer from 1 to 1073741824, found 0 in FOLDER; download the file again or correct it)"},
      {"smollm3", {{"no_rope_layer_interval", nullptr}}, R"("no_rope_layer_interval": )" + null},
      {"smollm3",
       {{"use_sliding_window", true},
        {"num_hidden_layers", 2},
        {"layer_types", {"full_attention", "sliding_attention"}}},
       layers +
           R"(no "sliding_attention" without a window, found one in FOLDER; switch sliding_window on, or correct the layers)"},
  };
  for (const char* type : {"qwen2", "qwen3"}) {
    refusals.push_back(
        {type,
         {{"layer_types", std::vector<std::string>(32, "sliding_attention")}},
         layers +
             R"(no "sliding_attention" without a window, found one in FOLDER; switch sliding_window on, or correct the layers)"});
  }
  for (const char* type : {"qwen2", "qwen3", "gemma2", "gemma3_text", "cohere2", "smollm3"}) {
    refusals.push_back({type,
                        {{"num_hidden_layers", 2}, {"layer_types", {"full_attention"}}},
                        layers + "2 entries, found 1 in FOLDER; correct the configuration"});
    refusals.push_back(
        {type,
         {{"num_hidden_layers", 1}, {"layer_types", {"chunked_attention"}}},
         layers +
             R"("sliding_attention" or "full_attention", found "chunked_attention" in FOLDER; this kind of layer is not supported)"});
  }
  for (const char* type : {"gemma2", "gemma3_text"}) {
    refusals.push_back(
        {type,
         {{"query_pre_attn_scalar", 0}},
         R"("query_pre_attn_scalar": expected a positive number, found 0 in FOLDER; correct the value)"});
  }
  for (const char* type : {"olmo", "olmo2"}) {
    refusals.push_back(
        {type,
         {{"rope_scaling", {{"rope_type", "yarn"}, {"factor", 2.0}}}},
         R"("rope_scaling.rope_type": expected one of: default, linear, dynamic; found "yarn")" +
             unsupported});
  }
  // Where the reference fails on null.
  for (const char* type : {"qwen3", "gemma", "gemma2", "gemma3_text", "smollm3"})
    refusals.push_back({type, {{"head_dim", nullptr}}, R"("head_dim": )" + null});
  for (const char* type :
       {"qwen2_moe", "qwen3_moe", "gemma", "gemma2", "gemma3_text", "stablelm", "starcoder2"})
    refusals.push_back({type, {{"num_key_value_heads", nullptr}}, R"("num_key_value_heads": )" + null});
  for (const char* type : {"gemma2", "gemma3_text", "cohere2"})
    refusals.push_back({type, {{"sliding_window", nullptr}}, R"("sliding_window": )" + null});
  for (const char* key :
       {"num_hidden_layers", "hidden_size", "num_attention_heads", "intermediate_size", "vocab_size"})
    refusals.push_back({"granite", {{key, nullptr}}, fmt::format("\"{}\": ", key) + null});
  for (const Refusal& refusal : refusals) {
    const TinyCheckpoint checkpoint(With({{"model_type", refusal.type}}, refusal.changes));
    const ConfigReader json = ConfigReader::Open(checkpoint.folder());
    EXPECT_EQ(ErrorOf(checkpoint.folder(), [&] { FamilyOf(json).read_config(json); }),
              "kInput: config.json: " + refusal.message)
        << refusal.type;
  }
}

// The golden checkpoints hold the text model only.
TEST(LlamaFamilies, Gemma3InsideTheMultimodalModel) {
  const Json config = {{"model_type", "gemma3"},
                       {"text_config",
                        {{"hidden_size", 8},
                         {"num_attention_heads", 2},
                         {"num_key_value_heads", 1},
                         {"head_dim", 4},
                         {"intermediate_size", 12},
                         {"num_hidden_layers", 2},
                         {"vocab_size", 11}}}};
  for (const std::string prefix : {"language_model.model.", "model.language_model."}) {
    TinyTensors tensors =
        TensorsOf(FamilyOf(ConfigReader::Open(TinyCheckpoint(config).folder())), Read(config), prefix);
    for (const std::string name :
         {"norm.weight", "vision_tower.vision_model.head.weight", "lm_head.weight",
          "model.vision_tower.x.weight", "multi_modal_projector.mm_soft_emb_norm.weight"})
      tensors[name == "norm.weight" ? prefix + name : name] = {{8}};
    tensors["language_model.lm_head.weight"] = {{11, 8}};
    const TinyCheckpoint checkpoint(config, tensors);
    EXPECT_EQ(ErrorOf(checkpoint.folder(), [&] { Model::Open(checkpoint.folder()); }), "no error");
    tensors["language_model.extra.weight"] = {{8}};
    const TinyCheckpoint other(config, tensors);
    EXPECT_TRUE(ErrorOf(other.folder(), [&] {
                  Model::Open(other.folder());
                }).starts_with("kInput: tensor \"language_model.extra.weight\": not part of a gemma3 model"));
  }
}

}  // namespace
}  // namespace headspec::model
