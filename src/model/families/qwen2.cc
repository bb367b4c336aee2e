// Qwen 1.5, 2 and 2.5: Llama with biases on queries, keys and values, and a window from some layer on.
// Defaults are those of transformers 4.57.6, configuration_qwen2.py.
#include "model/families/common.h"
#include "model/families/families.h"
#include "model/families/rules.h"
#include "model/rope.h"

namespace headspec::model {
namespace {

ModelConfig ReadQwen2(const ConfigReader& json) {
  ModelConfig config = ReadLlamaLike(json, {.kv_heads = 32, .intermediate = 22016, .vocab = 151936});
  config.qkv_bias = true;
  RopeRules rope;
  rope.max_length = 32768;
  config.rotaries = {ReadRotary(json, config.head_dim, rope)};
  const int window = json.Bool("use_sliding_window", false) ? ReadWindow(json, "sliding_window", 4096) : 0;
  const int first = window > 0 ? json.Int("max_window_layers", 0, 1 << 30, 28) : config.layers;
  ReadWindowedLayers(
      json, window, [](int layer, int from) { return layer >= from; }, first, config);
  return config;
}

constexpr auto kTensors = Join(kLlamaEmbedding, kLlamaNorms, kLlamaAttention, kLlamaMlp);
constexpr std::array<std::string_view, 1> kTypes = {"qwen2"};

}  // namespace

const Family kQwen2 = {.model_types = kTypes,
                       .read_config = ReadQwen2,
                       .prefixes = kModelPrefix,
                       .tensors = kTensors,
                       .unused = kLlamaUnused,
                       .covers = "Qwen1.5, Qwen2, Qwen2.5, Qwen2.5-Coder, QwQ-32B"};

}  // namespace headspec::model
