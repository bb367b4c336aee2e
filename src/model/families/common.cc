#include "model/families/common.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace headspec::model {
namespace {

constexpr int kMostWidth = 1 << 20;
constexpr int kMostCount = 1 << 14;
constexpr int kMostVocab = 1 << 24;

// The key to read: the alias where the file has it. Both with different values would be two models in one.
std::string_view KeyOf(const ConfigReader& json, const SizeRules::Rule& rule) {
  if (rule.alias.empty() || !json.Has(rule.alias)) return rule.key;
  if (json.Has(rule.key)) {
    const int value = json.Int(rule.key, 0, kMostVocab), other = json.Int(rule.alias, 0, kMostVocab);
    if (value != other) {
      json.Fail(rule.alias, fmt::format("expected the value {} of \"{}\", found {}", value, rule.key, other),
                "keep the right one of the two keys");
    }
  }
  return rule.alias;
}

// Settings of transformers' base class.
void RefuseVariants(const ConfigReader& json) {
  if (const auto pruned = json.Object("pruned_heads"); pruned && !pruned->IsEmpty())
    json.Fail("pruned_heads", "expected no entries, found some", "give a checkpoint with all of its heads");
  Require(json, "add_cross_attention", false);
  Require(json, "is_encoder_decoder", false);
}

}  // namespace

int ReadInt(const ConfigReader& json, const SizeRules::Rule& rule, int least, int most) {
  const std::string_view key = KeyOf(json, rule);
  return rule.otherwise == 0 ? json.Int(key, least, most) : json.Int(key, least, most, rule.otherwise);
}

ModelConfig ReadSizes(const ConfigReader& json, const SizeRules& rules) {
  RefuseVariants(json);
  for (const SizeRules::Rule& rule :
       {rules.layers, rules.hidden, rules.heads, rules.intermediate, rules.vocab}) {
    if (rule.otherwise != 0) RefuseNull(json, rule.key);
  }
  ModelConfig config;
  config.model_type = json.model_type();
  config.weights_dtype = json.String("dtype", json.String("torch_dtype", ""));
  config.layers = ReadInt(json, rules.layers, 1, kMostCount);
  config.hidden = ReadInt(json, rules.hidden, 1, kMostWidth);
  config.heads = ReadInt(json, rules.heads, 1, kMostCount);
  config.vocab = ReadInt(json, rules.vocab, 1, kMostVocab);
  const auto or_else = [](SizeRules::Rule rule, int value) {
    if (rule.otherwise == 0) rule.otherwise = value;
    return rule;
  };
  // Null means as many as heads, whatever an absent key means.
  const bool is_null = json.Contains(rules.kv_heads.key) && !json.Has(rules.kv_heads.key);
  config.kv_heads = rules.kv_heads.key.empty() || is_null
                        ? config.heads
                        : ReadInt(json, or_else(rules.kv_heads, config.heads), 1, config.heads);
  if (config.heads % config.kv_heads != 0) {
    json.Fail(
        rules.kv_heads.key,
        fmt::format("expected a divisor of {} {}, found {}", rules.heads.key, config.heads, config.kv_heads),
        "correct the configuration");
  }
  const bool has_head_dim =
      !rules.head_dim.key.empty() && (json.Has(rules.head_dim.key) || rules.head_dim.otherwise);
  if (!has_head_dim && config.hidden % config.heads != 0) {
    json.Fail(
        rules.heads.key,
        fmt::format("expected a divisor of {} {}, found {}", rules.hidden.key, config.hidden, config.heads),
        "correct the configuration");
  }
  config.head_dim =
      has_head_dim ? ReadInt(json, or_else(rules.head_dim, 1), 1, kMostCount) : config.hidden / config.heads;
  config.intermediate = rules.intermediate.key.empty()
                            ? 4 * config.hidden
                            : ReadInt(json, or_else(rules.intermediate, 4 * config.hidden), 1, kMostWidth);
  config.scores = MultipliedScores(std::pow(config.head_dim, -0.5));
  config.layer.resize(static_cast<std::size_t>(config.layers));
  return config;
}

double ReadEpsilon(const ConfigReader& json, std::string_view key, double otherwise) {
  const double epsilon = json.Number(key, otherwise);
  if (epsilon < 0)
    json.Fail(key, fmt::format("expected a number of at least 0, found {}", epsilon), "correct the value");
  return epsilon;
}

double ReadPositive(const ConfigReader& json, std::string_view key, double otherwise) {
  const double value = json.Number(key, otherwise);
  if (!(value > 0))
    json.Fail(key, fmt::format("expected a positive number, found {}", value), "correct the value");
  return value;
}

Activation ReadActivation(const ConfigReader& json, std::string_view key, std::string_view otherwise) {
  constexpr std::array<std::pair<std::string_view, Activation>, 8> kNames = {{
      {"gelu", Activation::kGelu},
      {"gelu_pytorch_tanh", Activation::kGeluTanh},
      {"gelu_new", Activation::kGeluNew},
      {"gelu_fast", Activation::kGeluFast},
      {"quick_gelu", Activation::kQuickGelu},
      {"silu", Activation::kSilu},
      {"swish", Activation::kSilu},
      {"relu", Activation::kRelu},
  }};
  const std::string name = json.String(key, otherwise);
  std::string known;
  for (const auto& [candidate, activation] : kNames) {
    if (candidate == name) return activation;
    known += (known.empty() ? "" : ", ") + std::string(candidate);
  }
  json.Fail(key, fmt::format("expected one of: {}; found \"{}\"", known, name),
            "this activation is not supported");
}

bool ReadSwitch(const ConfigReader& json, std::string_view key, bool otherwise) {
  return json.Bool(key, otherwise && !json.Contains(key));
}

void Require(const ConfigReader& json, std::string_view key, bool expected) {
  if (json.Bool(key, expected) == expected) return;
  json.Fail(key, fmt::format("expected {}, found {}", expected, !expected),
            "this setting changes attention and is not supported");
}

void RefuseNull(const ConfigReader& json, std::string_view key) {
  if (!json.Contains(key) || json.Has(key)) return;
  json.Fail(key, "expected a value, found null", "give the value, or remove the key for its default");
}

int ReadWindow(const ConfigReader& json, std::string_view key, int otherwise) {
  if (!json.Has(key)) return json.Contains(key) ? 0 : otherwise;
  return json.Int(key, 1, 1 << 30);
}

void ReadWindowedLayers(const ConfigReader& json, int window, bool (*slides)(int layer, int parameter),
                        int parameter, ModelConfig& config) {
  const std::vector<std::string> types = json.Strings("layer_types");
  const bool is_listed = json.Has("layer_types");
  if (is_listed && types.size() != config.layer.size()) {
    json.Fail("layer_types", fmt::format("expected {} entries, found {}", config.layers, types.size()),
              "correct the configuration");
  }
  for (int layer = 0; layer < config.layers; ++layer) {
    const std::size_t index = static_cast<std::size_t>(layer);
    bool is_sliding = !is_listed && slides(layer, parameter);
    if (is_listed) {
      is_sliding = types[index] == "sliding_attention";
      if (!is_sliding && types[index] != "full_attention") {
        json.Fail(
            "layer_types",
            fmt::format("expected \"sliding_attention\" or \"full_attention\", found \"{}\"", types[index]),
            "this kind of layer is not supported");
      }
    }
    if (is_sliding && window == 0) {
      json.Fail("layer_types", "expected no \"sliding_attention\" without a window, found one",
                "switch sliding_window on, or correct the layers");
    }
    if (is_sliding) config.layer[index].window = window;
  }
}

void WindowAllLayers(int window, ModelConfig& config) {
  for (LayerConfig& layer : config.layer) layer.window = window;
}

ModelConfig ReadLlamaLike(const ConfigReader& json, const LlamaDefaults& defaults) {
  SizeRules rules;
  for (const auto& [rule, value] :
       {std::pair{&rules.layers, defaults.layers}, std::pair{&rules.hidden, defaults.hidden},
        std::pair{&rules.heads, defaults.heads}, std::pair{&rules.intermediate, defaults.intermediate},
        std::pair{&rules.vocab, defaults.vocab}}) {
    rule->otherwise = value;
  }
  rules.kv_heads.otherwise = defaults.kv_heads;
  rules.head_dim.otherwise = defaults.head_dim;
  if (!defaults.kv_heads_take_null) RefuseNull(json, rules.kv_heads.key);
  if (defaults.head_dim != 0) RefuseNull(json, rules.head_dim.key);
  ModelConfig config = ReadSizes(json, rules);
  config.norm = Norm::kRmsTwoRoundings;
  config.norm_epsilon = ReadEpsilon(json, defaults.epsilon_key, defaults.epsilon);
  config.activation = ReadActivation(json, defaults.activation_key, defaults.activation);
  config.is_gated = true;
  return config;
}

void RequireDerivedHeadDim(const ConfigReader& json, const ModelConfig& config) {
  if (config.heads * config.head_dim == config.hidden) return;
  json.Fail("head_dim",
            fmt::format("expected hidden_size {} / num_attention_heads {}, found {}", config.hidden,
                        config.heads, config.head_dim),
            "this family has no other width of a head; remove the key");
}

Experts ReadExperts(const ConfigReader& json, const SizeRules::Rule& count, int least, int chosen) {
  constexpr std::string_view kChosen = "num_experts_per_tok";
  Experts experts;
  experts.count = ReadInt(json, count, least, kMostCount);
  if (experts.count == 0) return experts;
  experts.chosen = json.Int(kChosen, 1, kMostCount, chosen);
  if (experts.chosen > experts.count) {
    json.Fail(kChosen,
              fmt::format("expected at most {} {}, found {}", count.key, experts.count, experts.chosen),
              "correct the configuration");
  }
  return experts;
}

void ReadSparseLayers(const ConfigReader& json, ModelConfig& config) {
  const std::vector<int> dense = json.Ints("mlp_only_layers");
  const int step = json.Int("decoder_sparse_step", 1, kMostCount, 1);
  for (int layer = 0; layer < config.layers; ++layer) {
    config.layer[static_cast<std::size_t>(layer)].is_expert =
        config.experts.count > 0 && (layer + 1) % step == 0 &&
        std::find(dense.begin(), dense.end(), layer) == dense.end();
  }
}

Scores MultipliedScores(double factor) {
  Scores scores;
  scores.scale = Scores::Scale::kMultiply;
  scores.operand = factor;
  return scores;
}

}  // namespace headspec::model
