// OLMo 1: LayerNorm without parameters, clipped queries, keys and values.
// Defaults are those of transformers 4.57.6, configuration_olmo.py.
#include "model/families/common.h"
#include "model/families/families.h"
#include "model/families/rules.h"
#include "model/rope.h"

namespace headspec::model {
namespace {

ModelConfig ReadOlmo(const ConfigReader& json) {
  ModelConfig config = ReadLlamaLike(json, {.vocab = 50304});
  config.norm = Norm::kLayerNorm;
  config.norm_epsilon = 1e-5;  // no key sets it
  config.qkv_bias = config.output_bias = json.Bool("attention_bias", false);
  if (json.Has("clip_qkv")) config.qkv_clip = ReadPositive(json, "clip_qkv", 0);
  RopeRules rope;
  rope.rounding = RotaryRounding::kOnce;
  rope.scalings = {RopeScaling::Kind::kLinear, RopeScaling::Kind::kDynamic};
  config.rotaries = {ReadRotary(json, config.head_dim, rope)};
  return config;
}

constexpr auto kTensors = Join(kLlamaEmbedding, kLlamaAttention, kLlamaMlp);
constexpr std::array<std::string_view, 1> kTypes = {"olmo"};

}  // namespace

const Family kOlmo = {.model_types = kTypes,
                      .read_config = ReadOlmo,
                      .prefixes = kModelPrefix,
                      .tensors = kTensors,
                      .unused = kLlamaUnused,
                      .covers = "OLMo-1B-hf, OLMo-7B-hf, OLMo-7B-0424-hf, OLMo-7B-0724-hf"};

}  // namespace headspec::model
