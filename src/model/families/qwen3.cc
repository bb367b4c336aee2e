// Qwen 3: queries and keys are normalised head by head.
// Defaults are those of transformers 4.57.6, configuration_qwen3.py.
#include "model/families/common.h"
#include "model/families/families.h"
#include "model/families/rules.h"
#include "model/rope.h"

namespace headspec::model {
namespace {

ModelConfig ReadQwen3(const ConfigReader& json) {
  ModelConfig config =
      ReadLlamaLike(json, {.kv_heads = 32, .head_dim = 128, .intermediate = 22016, .vocab = 151936});
  config.qkv_bias = config.output_bias = json.Bool("attention_bias", false);
  config.qk_norm = QkNorm::kPerHead;
  config.qk_norm_kind = Norm::kRmsTwoRoundings;
  RopeRules rope;
  rope.max_length = 32768;
  config.rotaries = {ReadRotary(json, config.head_dim, rope)};
  const int window = json.Bool("use_sliding_window", false) ? ReadWindow(json, "sliding_window", 4096) : 0;
  const int first = window > 0 ? json.Int("max_window_layers", 0, 1 << 30, 28) : config.layers;
  ReadWindowedLayers(
      json, window, [](int layer, int from) { return layer >= from; }, first, config);
  return config;
}

constexpr auto kTensors = Join(kLlamaEmbedding, kLlamaNorms, kLlamaAttention, kHeadNorms, kLlamaMlp);
constexpr std::array<std::string_view, 1> kTypes = {"qwen3"};

}  // namespace

const Family kQwen3 = {.model_types = kTypes,
                       .read_config = ReadQwen3,
                       .prefixes = kModelPrefix,
                       .tensors = kTensors,
                       .unused = kLlamaUnused,
                       .covers = "Qwen3-0.6B to Qwen3-32B"};

}  // namespace headspec::model
