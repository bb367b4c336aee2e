// SmolLM3: Llama with layers that do not rotate, by default every fourth.
// Defaults are those of transformers 4.57.6, configuration_smollm3.py.
#include <fmt/format.h>

#include "model/families/common.h"
#include "model/families/families.h"
#include "model/families/rules.h"
#include "model/rope.h"

namespace headspec::model {
namespace {

// no_rope_layers marks with 0 the layers that do not rotate, and may be longer than the model.
void ReadRotatingLayers(const ConfigReader& json, ModelConfig& config) {
  constexpr std::string_view kList = "no_rope_layers", kInterval = "no_rope_layer_interval";
  if (!json.Has(kList)) {
    RefuseNull(json, kInterval);
    const int interval = json.Int(kInterval, 1, 1 << 30, 4);
    for (std::size_t i = 0; i < config.layer.size(); ++i)
      config.layer[i].rotary = (i + 1) % static_cast<std::size_t>(interval) == 0 ? -1 : 0;
    return;
  }
  const std::vector<int> rotates = json.Ints(kList);
  if (rotates.size() < config.layer.size()) {
    json.Fail(kList, fmt::format("expected at least {} entries, found {}", config.layers, rotates.size()),
              "correct the configuration");
  }
  for (std::size_t i = 0; i < config.layer.size(); ++i) config.layer[i].rotary = rotates[i] == 0 ? -1 : 0;
}

// The reference's eager attention masks what layer_types says, whatever use_sliding_window says; the switch
// only decides what an absent layer_types means: a window on the layers that do not rotate.
void ReadWindows(const ConfigReader& json, ModelConfig& config) {
  const int window = ReadWindow(json, "sliding_window", 0);
  ReadWindowedLayers(
      json, window, [](int, int) { return false; }, 0, config);
  if (json.Has("layer_types") || !json.Bool("use_sliding_window", false)) return;
  for (LayerConfig& layer : config.layer) layer.window = layer.rotary == -1 ? window : 0;
}

ModelConfig ReadSmolLm3(const ConfigReader& json) {
  RefuseNull(json, "head_dim");
  ModelConfig config =
      ReadLlamaLike(json, {.layers = 36, .hidden = 2048, .heads = 16, .kv_heads = 4, .vocab = 128256});
  config.qkv_bias = config.output_bias = json.Bool("attention_bias", false);
  config.mlp_bias = json.Bool("mlp_bias", false);
  RopeRules rope;
  rope.theta = 2e6;
  rope.max_length = 32768;
  config.rotaries = {ReadRotary(json, config.head_dim, rope)};
  ReadRotatingLayers(json, config);
  ReadWindows(json, config);
  return config;
}

constexpr auto kTensors = Join(kLlamaEmbedding, kLlamaNorms, kLlamaAttention, kLlamaMlp, kLlamaMlpBiases);
constexpr std::array<std::string_view, 1> kTypes = {"smollm3"};

}  // namespace

const Family kSmolLm3 = {.model_types = kTypes,
                         .read_config = ReadSmolLm3,
                         .prefixes = kModelPrefix,
                         .tensors = kTensors,
                         .unused = kLlamaUnused,
                         .covers = "SmolLM3-3B, SmolLM3-3B-Base"};

}  // namespace headspec::model
