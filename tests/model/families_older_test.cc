// The older families' readers of config.json: real models, defaults, refusals.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "error_of.h"
#include "model/family.h"
#include "temporary_folder.h"

namespace headspec::model {
namespace {

using Json = nlohmann::ordered_json;
using Scale = Scores::Scale;

ModelConfig Read(const Json& config) {
  const TemporaryFolder folder;
  folder.Write("config.json", config.dump());
  const ConfigReader json = ConfigReader::Open(folder.path());
  return FamilyOf(json).read_config(json);
}

// The Error with the folder's name replaced by FOLDER.
std::string ErrorOfReading(const Json& config) {
  const TemporaryFolder folder;
  folder.Write("config.json", config.dump());
  const std::string error = headspec::ErrorOf([&] {
    const ConfigReader json = ConfigReader::Open(folder.path());
    FamilyOf(json).read_config(json);
  });
  return ReplaceAll(error, folder.path().string(), "FOLDER");
}

void ExpectSameRotary(const Rotary& actual, const Rotary& expected) {
  EXPECT_EQ(actual.dims, expected.dims);
  EXPECT_EQ(actual.theta, expected.theta);
  EXPECT_EQ(actual.pairs, expected.pairs);
  EXPECT_EQ(actual.rounding, expected.rounding);
  EXPECT_EQ(actual.frequencies_in_type, expected.frequencies_in_type);
  EXPECT_EQ(actual.scaling, expected.scaling);
}

void ExpectSameScores(const Scores& actual, const Scores& expected) {
  EXPECT_EQ(actual.scale, expected.scale);
  EXPECT_DOUBLE_EQ(actual.operand, expected.operand);
  EXPECT_EQ(actual.in_float, expected.in_float);
  EXPECT_EQ(actual.divide_by_layer, expected.divide_by_layer);
  EXPECT_EQ(actual.soft_cap, expected.soft_cap);
  EXPECT_EQ(actual.masked_are_set, expected.masked_are_set);
  EXPECT_EQ(actual.upcast_in_447, expected.upcast_in_447);
}

// Every field, so that none is set by mistake. The names are those of the expected config.
void ExpectSame(const ModelConfig& actual, const ModelConfig& expected) {
  EXPECT_EQ(actual.layers, expected.layers);
  EXPECT_EQ(actual.hidden, expected.hidden);
  EXPECT_EQ(actual.heads, expected.heads);
  EXPECT_EQ(actual.kv_heads, expected.kv_heads);
  EXPECT_EQ(actual.head_dim, expected.head_dim);
  EXPECT_EQ(actual.intermediate, expected.intermediate);
  EXPECT_EQ(actual.vocab, expected.vocab);
  EXPECT_EQ(actual.embedding_width, expected.embedding_width);
  EXPECT_EQ(actual.embedding_multiplier, expected.embedding_multiplier);
  EXPECT_EQ(actual.types, expected.types);
  EXPECT_EQ(actual.positions, expected.positions);
  EXPECT_EQ(actual.position_offset, expected.position_offset);
  EXPECT_EQ(actual.padding_token, expected.padding_token);
  EXPECT_EQ(actual.norm, Norm::kLayerNorm);
  EXPECT_EQ(actual.is_norm_affine, expected.is_norm_affine);
  EXPECT_EQ(actual.norm_epsilon, expected.norm_epsilon);
  EXPECT_EQ(actual.norms.before_attention, expected.norms.before_attention);
  EXPECT_EQ(actual.norms.before_mlp, expected.norms.before_mlp);
  EXPECT_FALSE(actual.norms.after_attention);
  EXPECT_FALSE(actual.norms.after_mlp);
  EXPECT_EQ(actual.norms.after_attention_sum, expected.norms.after_attention_sum);
  EXPECT_EQ(actual.norms.after_mlp_sum, expected.norms.after_mlp_sum);
  EXPECT_EQ(actual.residual, expected.residual);
  EXPECT_EQ(actual.residual_from_norm, expected.residual_from_norm);
  EXPECT_EQ(actual.residual_multiplier, 1);
  EXPECT_EQ(actual.is_causal, expected.is_causal);
  EXPECT_EQ(actual.qkv_clip, expected.qkv_clip);
  EXPECT_EQ(actual.qk_norm, QkNorm::kNone);
  ASSERT_EQ(actual.rotaries.size(), expected.rotaries.size());
  for (std::size_t i = 0; i < actual.rotaries.size(); ++i)
    ExpectSameRotary(actual.rotaries[i], expected.rotaries[i]);
  ExpectSameScores(actual.scores, expected.scores);
  EXPECT_EQ(actual.alibi, expected.alibi);
  EXPECT_EQ(actual.activation, expected.activation);
  EXPECT_FALSE(actual.is_gated);
  EXPECT_EQ(actual.experts.count, 0);
  EXPECT_EQ(actual.qkv_bias, expected.qkv_bias);
  EXPECT_EQ(actual.output_bias, expected.output_bias);
  EXPECT_EQ(actual.mlp_bias, expected.mlp_bias);
  EXPECT_EQ(actual.is_bias_rounded_apart, expected.is_bias_rounded_apart);
  ASSERT_EQ(actual.layer.size(), static_cast<std::size_t>(expected.layers));
  for (const LayerConfig& layer : actual.layer) EXPECT_EQ(layer.window, 0);
}

struct Sizes {
  int layers, heads, hidden, intermediate, vocab;
};

struct Case {
  std::string name;
  Json json;
  ModelConfig expected;
};

void ExpectCases(const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    SCOPED_TRACE(one.name);
    ExpectSame(Read(one.json), one.expected);
  }
}

ModelConfig Sized(const Sizes& sizes) {
  ModelConfig config;
  config.layers = sizes.layers;
  config.heads = config.kv_heads = sizes.heads;
  config.hidden = sizes.hidden;
  config.head_dim = sizes.hidden / sizes.heads;
  config.intermediate = sizes.intermediate;
  config.vocab = sizes.vocab;
  config.qkv_bias = config.output_bias = config.mlp_bias = true;
  config.scores.operand = std::pow(config.head_dim, -0.5);
  return config;
}

ModelConfig WithScores(ModelConfig config, Scale scale, double operand) {
  config.scores.scale = scale;
  config.scores.operand = operand;
  return config;
}

double RootOf(const ModelConfig& config) { return std::sqrt(config.head_dim); }

ModelConfig Gpt2(const Sizes& sizes, int positions) {
  ModelConfig config = Sized(sizes);
  config.positions = positions;
  config.activation = Activation::kGeluNew;
  config.scores.masked_are_set = true;
  return WithScores(config, Scale::kDivideRounded, RootOf(config));
}

TEST(OlderFamilies, Gpt2) {
  ModelConfig upcast = Gpt2({12, 12, 768, 3072, 50257}, 1024);
  upcast.scores.in_float = upcast.scores.divide_by_layer = true;
  upcast = WithScores(upcast, Scale::kInProduct, 0.125);
  ModelConfig no_scale = WithScores(Gpt2({12, 12, 768, 3072, 50257}, 1024), Scale::kDivideRounded, 1);
  ModelConfig aliased = Gpt2({24, 16, 1024, 4096, 50257}, 2048);
  aliased.activation = Activation::kGelu;
  ExpectCases({
      {"defaults", {{"model_type", "gpt2"}}, Gpt2({12, 12, 768, 3072, 50257}, 1024)},
      {"gpt2-xl",
       Json::parse(
           R"({"model_type": "gpt2", "activation_function": "gelu_new", "attn_pdrop": 0.1, "n_ctx": 1024,
           "n_embd": 1600, "n_head": 25, "n_layer": 48, "n_positions": 1024, "layer_norm_epsilon": 1e-05,
           "vocab_size": 50257})"),
       Gpt2({48, 25, 1600, 6400, 50257}, 1024)},
      {"alias-gpt2-small-x21",
       Json::parse(R"({"model_type": "gpt2", "n_embd": 768, "n_head": 12, "n_inner": null, "n_layer": 12,
           "reorder_and_upcast_attn": true, "scale_attn_by_inverse_layer_idx": true, "scale_attn_weights": true})"),
       upcast},
      {"no scale", {{"model_type", "gpt2"}, {"scale_attn_weights", false}}, no_scale},
      {"null switch", {{"model_type", "gpt2"}, {"scale_attn_weights", nullptr}}, no_scale},
      {"aliases",
       Json::parse(R"({"model_type": "gpt2", "hidden_size": 1024, "num_attention_heads": 16, "n_head": 16,
           "num_hidden_layers": 24, "max_position_embeddings": 2048, "activation_function": "gelu"})"),
       aliased},
  });
}

Rotary Rotated(int dims, double theta = 10000) {
  Rotary rotary;
  rotary.dims = dims;
  rotary.theta = theta;
  return rotary;
}

ModelConfig GptNeox(const Sizes& sizes, const Rotary& rotary) {
  ModelConfig config = Sized(sizes);
  config.residual = Residual::kParallel;
  config.activation = Activation::kGelu;
  config.rotaries = {rotary};
  return config;
}

TEST(OlderFamilies, GptNeox) {
  ModelConfig sequential = GptNeox({32, 32, 2560, 10240, 50432}, Rotated(80));
  sequential.residual = Residual::kSequential;
  ModelConfig fast = GptNeox({44, 64, 6144, 24576, 50432}, Rotated(24));
  fast.activation = Activation::kGeluFast;
  ModelConfig scaled = GptNeox({44, 64, 6144, 24576, 50432}, Rotated(24, 500));
  scaled.rotaries[0].scaling.kind = RopeScaling::Kind::kLinear;
  scaled.rotaries[0].scaling.factor = 2;
  scaled.qkv_bias = scaled.output_bias = false;
  ExpectCases({
      {"defaults", {{"model_type", "gpt_neox"}}, GptNeox({44, 64, 6144, 24576, 50432}, Rotated(24))},
      {"pythia-2.8b", Json::parse(R"({"model_type": "gpt_neox", "hidden_act": "gelu", "hidden_size": 2560,
           "intermediate_size": 10240, "layer_norm_eps": 1e-05, "max_position_embeddings": 2048,
           "num_attention_heads": 32, "num_hidden_layers": 32, "rotary_emb_base": 10000, "rotary_pct": 0.25,
           "use_parallel_residual": true, "vocab_size": 50304})"),
       GptNeox({32, 32, 2560, 10240, 50304}, Rotated(20))},
      {"RedPajama-INCITE-3B",
       Json::parse(R"({"model_type": "gpt_neox", "hidden_act": "gelu", "hidden_size": 2560,
           "intermediate_size": 10240, "num_attention_heads": 32, "num_hidden_layers": 32, "rotary_pct": 1.0,
           "use_parallel_residual": false, "vocab_size": 50432})"),
       sequential},
      {"gpt-neox-20b", {{"model_type", "gpt_neox"}, {"hidden_act", "gelu_fast"}}, fast},
      {"the reference overwrites the keys of other families",
       Json::parse(R"({"model_type": "gpt_neox", "rope_theta": 7, "partial_rotary_factor": 1.0,
           "rotary_emb_base": 500, "attention_bias": false, "rope_scaling": {"type": "linear", "factor": 2.0}})"),
       scaled},
  });
}

ModelConfig Gptj(const Sizes& sizes, int rotated, RotaryRounding rounding) {
  ModelConfig config = Sized(sizes);
  config.qkv_bias = config.output_bias = false;
  config.norms.before_mlp = false;
  config.residual = Residual::kParallel;
  config.activation = Activation::kGeluNew;
  config.rotaries = {Rotated(rotated)};
  config.rotaries[0].pairs = RotaryPairs::kNeighbours;
  config.rotaries[0].frequencies_in_type = true;
  config.rotaries[0].rounding = rounding;
  config.scores.in_float = true;
  return WithScores(config, Scale::kDivideRounded, RootOf(config));
}

TEST(OlderFamilies, GptjAndCodegen) {
  ExpectCases({
      {"defaults of gptj",
       {{"model_type", "gptj"}},
       Gptj({28, 16, 4096, 16384, 50400}, 64, RotaryRounding::kEachOperation)},
      {"gpt-j-6b",
       Json::parse(R"({"model_type": "gptj", "activation_function": "gelu_new", "layer_norm_epsilon": 1e-05,
           "n_embd": 4096, "n_head": 16, "n_inner": null, "n_layer": 28, "n_positions": 2048, "rotary": true,
           "rotary_dim": 64, "scale_attn_weights": true, "tie_word_embeddings": false, "vocab_size": 50400})"),
       Gptj({28, 16, 4096, 16384, 50400}, 64, RotaryRounding::kEachOperation)},
      {"no theta, no scaling",
       Json::parse(
           R"({"model_type": "gptj", "rope_theta": 7, "rope_scaling": {"type": "linear", "factor": 2}})"),
       Gptj({28, 16, 4096, 16384, 50400}, 64, RotaryRounding::kEachOperation)},
      {"defaults of codegen",
       {{"model_type", "codegen"}},
       Gptj({28, 16, 4096, 16384, 50400}, 64, RotaryRounding::kNever)},
      {"codegen-350M-mono",
       Json::parse(
           R"({"model_type": "codegen", "activation_function": "gelu_new", "n_ctx": 2048, "n_embd": 1024,
           "n_head": 16, "n_inner": null, "n_layer": 20, "n_positions": 2048, "rotary_dim": 32,
           "vocab_size": 51200})"),
       Gptj({20, 16, 1024, 4096, 51200}, 32, RotaryRounding::kNever)},
  });
}

ModelConfig Falcon(const Sizes& sizes, int kv_heads) {
  ModelConfig config = Sized(sizes);
  config.kv_heads = kv_heads;
  config.qkv_bias = config.output_bias = config.mlp_bias = false;
  config.is_bias_rounded_apart = true;
  config.norms.before_mlp = false;
  config.residual = Residual::kParallel;
  config.activation = Activation::kGelu;
  config.rotaries = {Rotated(config.head_dim)};
  return WithScores(config, Scale::kDivide, RootOf(config));
}

TEST(OlderFamilies, Falcon) {
  ModelConfig two_norms = Falcon({60, 128, 8192, 32768, 65024}, 8);
  two_norms.norms.before_mlp = true;
  ModelConfig one_norm = Falcon({60, 32, 4096, 16384, 65024}, 8);
  one_norm.rotaries[0].theta = 500042;
  ModelConfig with_alibi = Falcon({24, 32, 2048, 8192, 50304}, 32);
  with_alibi.norms.before_mlp = true;
  with_alibi.residual = Residual::kSequential;
  with_alibi.qkv_bias = with_alibi.output_bias = with_alibi.mlp_bias = true;
  with_alibi.rotaries.clear();
  with_alibi.alibi = Alibi::kTwice;
  ModelConfig sequential = Falcon({32, 71, 4544, 18176, 65024}, 1);
  sequential.norms.before_mlp = true;
  sequential.residual = Residual::kSequential;
  ExpectCases({
      {"defaults", {{"model_type", "falcon"}}, Falcon({32, 71, 4544, 18176, 65024}, 1)},
      {"falcon-7b",
       Json::parse(R"({"model_type": "falcon", "alibi": false, "bias": false, "hidden_size": 4544,
           "layer_norm_epsilon": 1e-05, "multi_query": true, "new_decoder_architecture": false,
           "num_attention_heads": 71, "num_hidden_layers": 32, "num_kv_heads": 71, "parallel_attn": true,
           "vocab_size": 65024})"),
       Falcon({32, 71, 4544, 18176, 65024}, 1)},
      {"falcon-40b",
       Json::parse(R"({"model_type": "falcon", "alibi": false, "bias": false, "hidden_size": 8192,
           "new_decoder_architecture": true, "num_attention_heads": 128, "num_hidden_layers": 60,
           "num_kv_heads": 8, "parallel_attn": true, "vocab_size": 65024})"),
       two_norms},
      {"falcon-11B",
       Json::parse(R"({"model_type": "falcon", "activation": "gelu", "alibi": false, "bias": false,
           "ffn_hidden_size": 16384, "hidden_size": 4096, "max_position_embeddings": 8192, "multi_query": true,
           "new_decoder_architecture": true, "num_attention_heads": 32, "num_hidden_layers": 60,
           "num_kv_heads": 8, "num_ln_in_parallel_attn": 1, "parallel_attn": true, "rope_scaling": null,
           "rope_theta": 500042.0, "vocab_size": 65024})"),
       one_norm},
      {"falcon-rw-1b",
       Json::parse(R"({"model_type": "falcon", "alibi": true, "bias": true, "hidden_size": 2048,
           "multi_query": false, "new_decoder_architecture": false, "num_attention_heads": 32,
           "num_hidden_layers": 24, "num_kv_heads": 32, "parallel_attn": false, "vocab_size": 50304})"),
       with_alibi},
      {"the number of norms counts in parallel blocks only",
       {{"model_type", "falcon"}, {"parallel_attn", false}, {"num_ln_in_parallel_attn", 2}},
       sequential},
      {"null switch", {{"model_type", "falcon"}, {"parallel_attn", nullptr}}, sequential},
  });
}

ModelConfig Opt(const Sizes& sizes, int positions) {
  ModelConfig config = Sized(sizes);
  config.positions = positions;
  config.position_offset = 2;
  config.activation = Activation::kRelu;
  config.scores.scale = Scale::kQuery;
  return config;
}

TEST(OlderFamilies, Opt) {
  ModelConfig after = Opt({24, 16, 1024, 4096, 50272}, 2050);
  after.embedding_width = 512;
  after.norms = {
      .before_attention = false, .before_mlp = false, .after_attention_sum = true, .after_mlp_sum = true};
  ModelConfig bare = Opt({24, 32, 2048, 8192, 50000}, 2050);
  bare.activation = Activation::kGelu;
  bare.is_norm_affine = false;
  bare.qkv_bias = bare.output_bias = bare.mlp_bias = false;
  ExpectCases({
      {"defaults", {{"model_type", "opt"}}, Opt({12, 12, 768, 3072, 50272}, 2050)},
      {"opt-125m",
       Json::parse(R"({"model_type": "opt", "_remove_final_layer_norm": false, "activation_function": "relu",
           "do_layer_norm_before": true, "ffn_dim": 3072, "hidden_size": 768, "max_position_embeddings": 2048,
           "num_attention_heads": 12, "num_hidden_layers": 12, "pad_token_id": 1, "prefix": "</s>",
           "vocab_size": 50272, "word_embed_proj_dim": 768})"),
       Opt({12, 12, 768, 3072, 50272}, 2050)},
      {"opt-350m",
       Json::parse(R"({"model_type": "opt", "activation_function": "relu", "do_layer_norm_before": false,
           "ffn_dim": 4096, "hidden_size": 1024, "num_attention_heads": 16, "num_hidden_layers": 24,
           "vocab_size": 50272, "word_embed_proj_dim": 512})"),
       after},
      {"without biases and norm weights",
       Json::parse(
           R"({"model_type": "opt", "activation_function": "gelu", "enable_bias": false, "ffn_dim": 8192,
           "hidden_size": 2048, "layer_norm_elementwise_affine": false, "num_attention_heads": 32,
           "num_hidden_layers": 24, "vocab_size": 50000, "word_embed_proj_dim": null})"),
       bare},
  });
}

ModelConfig Bloom(const Sizes& sizes) {
  ModelConfig config = Sized(sizes);
  config.activation = Activation::kGeluFast;
  config.alibi = Alibi::kInProduct;
  config.scores.scale = Scale::kInProduct;
  return config;
}

TEST(OlderFamilies, Bloom) {
  ModelConfig from_norm = Bloom({2, 8, 64, 256, 250880});
  from_norm.residual_from_norm = true;
  ExpectCases({
      {"defaults", {{"model_type", "bloom"}}, Bloom({2, 8, 64, 256, 250880})},
      {"bloom", Json::parse(R"({"model_type": "bloom", "apply_residual_connection_post_layernorm": false,
           "attention_softmax_in_fp32": true, "layer_norm_epsilon": 1e-05, "masked_softmax_fusion": true,
           "n_embed": 14336, "n_inner": null, "n_layer": 70, "num_attention_heads": 112, "offset_alibi": 100,
           "pretraining_tp": 4, "slow_but_exact": false, "vocab_size": 250880})"),
       Bloom({70, 112, 14336, 57344, 250880})},
      {"bloom-3b",
       Json::parse(R"({"model_type": "bloom", "hidden_size": 2560, "n_head": 32, "num_attention_heads": 32,
           "n_layer": 30, "vocab_size": 250880})"),
       Bloom({30, 32, 2560, 10240, 250880})},
      {"residual from the norm",
       {{"model_type", "bloom"}, {"apply_residual_connection_post_layernorm", true}},
       from_norm},
      {"slow_but_exact of one slice",
       {{"model_type", "bloom"}, {"slow_but_exact", true}},
       Bloom({2, 8, 64, 256, 250880})},
  });
}

ModelConfig Mpt(const Sizes& sizes) {
  ModelConfig config = Sized(sizes);
  config.qkv_bias = config.output_bias = config.mlp_bias = false;
  config.activation = Activation::kGelu;
  config.alibi = Alibi::kFloat;
  return config;
}

TEST(OlderFamilies, Mpt) {
  ModelConfig clipped = Mpt({32, 32, 4096, 16384, 50432});
  clipped.qkv_clip = 6;
  ModelConfig scaled = Mpt({24, 16, 2048, 8192, 50368});
  scaled.scores.operand = 0.5;
  ExpectCases({
      {"defaults", {{"model_type", "mpt"}}, Mpt({24, 16, 2048, 8192, 50368})},
      {"mpt-7b-storywriter",
       Json::parse(R"({"model_type": "mpt", "attn_config": {"alibi": true, "alibi_bias_max": 16,
           "attn_impl": "torch", "attn_pdrop": 0, "attn_type": "multihead_attention",
           "attn_uses_sequence_id": false, "clip_qkv": 6, "prefix_lm": false, "qk_ln": false,
           "softmax_scale": null}, "d_model": 4096, "expansion_ratio": 4, "learned_pos_emb": true,
           "max_seq_len": 65536, "n_heads": 32, "n_layers": 32, "no_bias": true,
           "norm_type": "low_precision_layernorm", "vocab_size": 50432})"),
       clipped},
      {"mpt-30b", Json::parse(R"({"model_type": "mpt", "attn_config": {"alibi": true, "clip_qkv": null},
           "d_model": 7168, "max_seq_len": 8192, "n_heads": 64, "n_layers": 48, "vocab_size": 50432})"),
       Mpt({48, 64, 7168, 28672, 50432})},
      {"own scale, no clip",
       Json::parse(R"({"model_type": "mpt", "attn_config": {"softmax_scale": 0.5, "clip_qkv": 0}})"), scaled},
  });
}

ModelConfig Bert(const Sizes& sizes, int positions, int types = 2) {
  ModelConfig config = Sized(sizes);
  config.positions = positions;
  config.types = types;
  config.norm_epsilon = 1e-12;
  config.norms = {
      .before_attention = false, .before_mlp = false, .after_attention_sum = true, .after_mlp_sum = true};
  config.is_causal = false;
  config.activation = Activation::kGelu;
  return WithScores(config, Scale::kDivide, RootOf(config));
}

TEST(OlderFamilies, Bert) {
  ModelConfig decoder = Bert({12, 12, 768, 3072, 30522}, 512);
  decoder.is_causal = true;
  ExpectCases({
      {"defaults", {{"model_type", "bert"}}, Bert({12, 12, 768, 3072, 30522}, 512)},
      {"bert-large-cased",
       Json::parse(
           R"({"model_type": "bert", "directionality": "bidi", "hidden_act": "gelu", "hidden_size": 1024,
           "intermediate_size": 4096, "layer_norm_eps": 1e-12, "max_position_embeddings": 512,
           "num_attention_heads": 16, "num_hidden_layers": 24, "pad_token_id": 0, "pruned_heads": {},
           "position_embedding_type": "absolute", "type_vocab_size": 2, "vocab_size": 28996})"),
       Bert({24, 16, 1024, 4096, 28996}, 512)},
      {"decoder", {{"model_type", "bert"}, {"is_decoder", true}}, decoder},
  });
}

ModelConfig Roberta(const Sizes& sizes, int positions, int types) {
  ModelConfig config = Bert(sizes, positions, types);
  config.padding_token = 1;
  config.position_offset = 2;
  return config;
}

TEST(OlderFamilies, Roberta) {
  ModelConfig base = Roberta({12, 12, 768, 3072, 50265}, 514, 1);
  base.norm_epsilon = 1e-5;
  ModelConfig multilingual = base;
  multilingual.vocab = 250002;
  ModelConfig other_padding = Roberta({12, 12, 768, 3072, 50265}, 512, 2);
  other_padding.padding_token = 5;
  other_padding.position_offset = 6;
  const Json real = Json::parse(R"({"model_type": "roberta", "bos_token_id": 0, "eos_token_id": 2,
      "hidden_act": "gelu", "hidden_size": 768, "intermediate_size": 3072, "layer_norm_eps": 1e-05,
      "max_position_embeddings": 514, "num_attention_heads": 12, "num_hidden_layers": 12, "pad_token_id": 1,
      "type_vocab_size": 1, "vocab_size": 50265})");
  Json other_language = real;
  other_language.update({{"model_type", "xlm-roberta"}, {"vocab_size", 250002}});
  ExpectCases({
      {"defaults", {{"model_type", "roberta"}}, Roberta({12, 12, 768, 3072, 50265}, 512, 2)},
      {"defaults of xlm-roberta",
       {{"model_type", "xlm-roberta"}},
       Roberta({12, 12, 768, 3072, 30522}, 512, 2)},
      {"roberta-base", real, base},
      {"xlm-roberta-base", other_language, multilingual},
      {"padding token 5", {{"model_type", "roberta"}, {"pad_token_id", 5}}, other_padding},
  });
}

struct Refusal {
  std::string type;
  Json changes;
  std::string message;  // after "kInput: config.json: "
};

void ExpectRefusals(const std::vector<Refusal>& refusals) {
  for (const Refusal& refusal : refusals) {
    Json json = {{"model_type", refusal.type}};
    json.update(refusal.changes);
    EXPECT_EQ(ErrorOfReading(json), "kInput: config.json: " + refusal.message) << json;
  }
}

TEST(OlderFamiliesRefusal, VariantsOfAnyFamily) {
  for (const std::string type : {"gpt2", "gpt_neox", "gptj", "codegen", "falcon", "opt", "bloom", "mpt",
                                 "bert", "roberta", "xlm-roberta"}) {
    ExpectRefusals({
        {type,
         {{"pruned_heads", {{"0", {1}}}}},
         R"("pruned_heads": expected no entries, found some in FOLDER; give a checkpoint with all of its heads)"},
        {type,
         {{"add_cross_attention", true}},
         R"("add_cross_attention": expected false, found true in FOLDER; this setting changes attention and is not supported)"},
        {type,
         {{"is_encoder_decoder", true}},
         R"("is_encoder_decoder": expected false, found true in FOLDER; this setting changes attention and is not supported)"},
    });
  }
}

TEST(OlderFamiliesRefusal, TwoNamesWithTwoValues) {
  const std::string next = " in FOLDER; keep the right one of the two keys";
  ExpectRefusals({
      {"gpt2",
       {{"n_head", 4}, {"num_attention_heads", 8}},
       R"("num_attention_heads": expected the value 4 of "n_head", found 8)" + next},
      {"gpt2",
       {{"n_positions", 512}, {"max_position_embeddings", 1024}},
       R"("max_position_embeddings": expected the value 512 of "n_positions", found 1024)" + next},
      {"bloom",
       {{"hidden_size", 64}, {"n_embed", 128}},
       R"("n_embed": expected the value 64 of "hidden_size", found 128)" + next},
      {"falcon",
       {{"hidden_size", 4544}, {"n_embed", 64}},
       R"("n_embed": expected the value 4544 of "hidden_size", found 64)" + next},
      {"mpt",
       {{"n_layers", 2}, {"num_hidden_layers", 3}},
       R"("num_hidden_layers": expected the value 2 of "n_layers", found 3)" + next},
  });
}

TEST(OlderFamiliesRefusal, NullIsNotAbsent) {
  const std::string next =
      ": expected a value, found null in FOLDER; give the value, or remove the key for its default";
  for (const auto& [type, key] :
       std::vector<std::pair<std::string, std::string>>{{"gpt2", "n_head"},
                                                        {"gpt2", "n_positions"},
                                                        {"gpt_neox", "intermediate_size"},
                                                        {"gptj", "rotary_dim"},
                                                        {"codegen", "rotary_dim"},
                                                        {"falcon", "hidden_size"},
                                                        {"opt", "max_position_embeddings"},
                                                        {"bloom", "pretraining_tp"},
                                                        {"mpt", "d_model"},
                                                        {"bert", "type_vocab_size"},
                                                        {"bert", "max_position_embeddings"},
                                                        {"roberta", "pad_token_id"}})
    ExpectRefusals({{type, {{key, nullptr}}, '"' + key + '"' + next}});
}

TEST(OlderFamiliesRefusal, Rotary) {
  const std::string next = " in FOLDER; download the file again or correct it";
  ExpectRefusals({
      {"gptj", {{"rotary_dim", 0}}, R"("rotary_dim": expected an integer from 2 to 256, found 0)" + next},
      {"gptj", {{"rotary_dim", 258}}, R"("rotary_dim": expected an integer from 2 to 256, found 258)" + next},
      {"codegen",
       {{"rotary_dim", 63}},
       R"("rotary_dim": expected an even number of rotated values, found 63 of a head of 256 in FOLDER; correct the value)"},
      {"codegen",
       {{"n_embd", 1056}, {"n_head", 33}},
       R"("n_head": expected a multiple of 4, found 33 in FOLDER; correct the configuration)"},
      {"gpt_neox",
       {{"hidden_size", 640}, {"num_attention_heads", 32}},
       R"("rotary_pct": expected an even number of rotated values, found 5 of a head of 20 in FOLDER; correct the value)"},
      {"gpt_neox",
       {{"head_dim", 64}},
       R"("head_dim": expected hidden_size / num_attention_heads 96, found 64 in FOLDER; remove the key)"},
      {"falcon",
       {{"partial_rotary_factor", 0.5}},
       R"("partial_rotary_factor": expected 1, found 0.5 in FOLDER; this family rotates whole heads; remove the key)"},
  });
}

TEST(OlderFamiliesRefusal, Falcon) {
  const std::string next = " in FOLDER; correct the configuration";
  ExpectRefusals({
      {"falcon",
       {{"new_decoder_architecture", true}, {"num_kv_heads", 71}, {"parallel_attn", false}},
       R"("parallel_attn": expected true with new_decoder_architecture, found false)" + next},
      {"falcon",
       {{"new_decoder_architecture", true}, {"num_ln_in_parallel_attn", 3}},
       R"("num_ln_in_parallel_attn": expected 1 or 2, found 3)" + next},
      {"falcon",
       {{"num_ln_in_parallel_attn", 2}},
       R"("num_ln_in_parallel_attn": expected 1 without new_decoder_architecture, found 2)" + next},
      {"falcon",
       {{"multi_query", false}, {"num_kv_heads", 8}},
       R"("num_kv_heads": expected num_attention_heads 71 without multi_query, found 8)" + next},
      {"falcon",
       {{"new_decoder_architecture", true}, {"num_kv_heads", 8}},
       R"("num_kv_heads": expected a divisor of num_attention_heads 71, found 8)" + next},
  });
}

TEST(OlderFamiliesRefusal, OtherSettings) {
  ExpectRefusals({
      {"bloom",
       {{"slow_but_exact", true}, {"pretraining_tp", 4}},
       R"("slow_but_exact": expected false, found true in FOLDER; this setting changes attention and is not supported)"},
      {"mpt",
       {{"attn_config", {{"attn_type", "grouped_query_attention"}}}},
       R"("attn_config.attn_type": expected "multihead_attention" or "multiquery_attention", found "grouped_query_attention" in FOLDER; this attention is not supported)"},
      {"mpt",
       {{"attn_config", {{"clip_qkv", -6}}}},
       R"("attn_config.clip_qkv": expected a number of at least 0, found -6 in FOLDER; correct the value)"},
      {"bert",
       {{"position_embedding_type", "relative_key"}},
       R"("position_embedding_type": expected "absolute", found "relative_key" in FOLDER; relative positions change attention and are not supported)"},
      {"roberta",
       {{"pad_token_id", 512}},
       R"("pad_token_id": expected an integer from 0 to 511, found 512 in FOLDER; download the file again or correct it)"},
      {"gpt2",
       {{"activation_function", "tanh"}},
       R"("activation_function": expected one of: gelu, gelu_pytorch_tanh, gelu_new, gelu_fast, quick_gelu, silu, swish, relu; found "tanh" in FOLDER; this activation is not supported)"},
      {"opt",
       {{"num_attention_heads", 5}},
       R"("num_attention_heads": expected a divisor of hidden_size 768, found 5 in FOLDER; correct the configuration)"},
  });
}

}  // namespace
}  // namespace headspec::model
