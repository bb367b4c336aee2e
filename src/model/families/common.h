// What the families' readers of config.json share.
#pragma once

#include <span>
#include <string_view>

#include "model/config.h"
#include "model/config_reader.h"

namespace headspec::model {

constexpr int kMostPositions = 1 << 20;  // rows of a table of learned positions

// Keys of the sizes, and the values that transformers' config class has where a key is absent. An empty key:
// the family has no such key.
struct SizeRules {
  struct Rule {
    std::string_view key;
    int otherwise = 0;
    std::string_view alias = {};  // another name of the same setting
  };
  Rule layers{"num_hidden_layers"};
  Rule hidden{"hidden_size"};
  Rule heads{"num_attention_heads"};
  Rule kv_heads{"num_key_value_heads"};    // otherwise 0: as many as heads
  Rule head_dim{"head_dim"};               // otherwise 0: hidden / heads
  Rule intermediate{"intermediate_size"};  // otherwise 0: four times hidden
  Rule vocab{"vocab_size"};
};

// A config with model_type, weights_dtype, the sizes and L plain layers. A size without a default is
// required. Refuses what changes the model in any family: pruned heads, cross-attention; and null for a size
// with a default.
ModelConfig ReadSizes(const ConfigReader& json, const SizeRules& rules);

// One integer by its rule.
int ReadInt(const ConfigReader& json, const SizeRules::Rule& rule, int least, int most);

// "norm_eps"-like keys: at least 0.
double ReadEpsilon(const ConfigReader& json, std::string_view key, double otherwise);

// Above 0.
double ReadPositive(const ConfigReader& json, std::string_view key, double otherwise);

// The activation that transformers' ACT2FN gives for the key's value.
Activation ReadActivation(const ConfigReader& json, std::string_view key, std::string_view otherwise);

// A switch where null counts as false, as in Python, whatever an absent key means.
bool ReadSwitch(const ConfigReader& json, std::string_view key, bool otherwise);

// Refuses a switch that changes attention and is not supported: the key must be absent or `expected`.
void Require(const ConfigReader& json, std::string_view key, bool expected);

// Refuses null where the reference fails on it and only an absent key has a default.
void RefuseNull(const ConfigReader& json, std::string_view key);

// The window of layers that have one: absent gives `otherwise`, null 0 (none).
int ReadWindow(const ConfigReader& json, std::string_view key, int otherwise);

// Gives `window` to the layers that layer_types calls sliding, or that `slides` says where the key is absent.
void ReadWindowedLayers(const ConfigReader& json, int window, bool (*slides)(int layer, int parameter),
                        int parameter, ModelConfig& config);

void WindowAllLayers(int window, ModelConfig& config);

// What the config class of a family with Llama's keys takes for absent ones. 0: derived.
struct LlamaDefaults {
  int layers = 32;
  int hidden = 4096;
  int heads = 32;
  int kv_heads = 0;
  int head_dim = 0;
  int intermediate = 11008;
  int vocab = 32000;
  bool kv_heads_take_null = true;  // as many as heads; otherwise the reference fails on null
  std::string_view epsilon_key = "rms_norm_eps";
  double epsilon = 1e-6;
  std::string_view activation_key = "hidden_act";
  std::string_view activation = "silu";
};

// Llama's shape, from which many families start: sizes, RMS norms with two roundings, a gated MLP. No rotary.
ModelConfig ReadLlamaLike(const ConfigReader& json, const LlamaDefaults& defaults);

// Refuses heads that do not divide the hidden width among them.
void RequireDerivedHeadDim(const ConfigReader& json, const ModelConfig& config);

// count, from `least`, and chosen; `chosen` is the default of num_experts_per_tok.
Experts ReadExperts(const ConfigReader& json, const SizeRules::Rule& count, int least, int chosen);

// Which layers have experts, by mlp_only_layers and decoder_sparse_step.
void ReadSparseLayers(const ConfigReader& json, ModelConfig& config);

// Scores as most families have them: r(r(q k) / sqrt(D)), by multiplication with `factor`.
Scores MultipliedScores(double factor);

}  // namespace headspec::model
