// Gemma 3: Gemma 2 with normalised queries and keys instead of the soft cap, and a rotary embedding of its
// own for the layers with a window. The text model alone, and inside the multimodal one, whose images are not
// measured. Defaults are those of transformers 4.57.6, configuration_gemma3.py.
#include <cmath>

#include "model/families/common.h"
#include "model/families/families.h"
#include "model/families/rules.h"
#include "model/rope.h"

namespace headspec::model {
namespace {

// attn_logit_softcapping is in the files, and the reference never applies it.
ModelConfig ReadText(const ConfigReader& json) {
  ModelConfig config = ReadLlamaLike(json, {.layers = 26,
                                            .hidden = 2304,
                                            .heads = 8,
                                            .kv_heads = 4,
                                            .head_dim = 256,
                                            .intermediate = 9216,
                                            .vocab = 262208,
                                            .kv_heads_take_null = false,
                                            .activation_key = "hidden_activation",
                                            .activation = "gelu_pytorch_tanh"});
  config.norm = Norm::kRmsOnePlusWeight;
  config.embedding_multiplier = std::sqrt(config.hidden);
  config.is_multiplier_rounded = true;
  config.norms.after_attention = config.norms.after_mlp = true;
  config.qkv_bias = config.output_bias = json.Bool("attention_bias", false);
  config.qk_norm = QkNorm::kPerHead;
  config.qk_norm_kind = Norm::kRmsOnePlusWeight;
  config.scores.operand = std::pow(ReadPositive(json, "query_pre_attn_scalar", 256), -0.5);
  Require(json, "use_bidirectional_attention", false);
  RefuseNull(json, "sliding_window");
  ReadWindowedLayers(
      json, ReadWindow(json, "sliding_window", 4096),
      [](int layer, int pattern) { return (layer + 1) % pattern != 0; },
      json.Int("sliding_window_pattern", 1, 1 << 30, 6), config);
  RopeRules global, local;
  global.theta = 1e6;
  global.max_length = 131072;
  global.layer_type = "full_attention";
  local.theta_key = "rope_local_base_freq";
  local.scaling_key = "";
  local.layer_type = "sliding_attention";
  config.rotaries = {ReadRotary(json, config.head_dim, global), ReadRotary(json, config.head_dim, local)};
  for (LayerConfig& layer : config.layer) layer.rotary = layer.window > 0 ? 1 : 0;
  return config;
}

// gemma-3-4b's text_config omits most sizes: they are the defaults.
ModelConfig ReadMultimodal(const ConfigReader& json) {
  const auto text = json.Object("text_config");
  if (!text) json.Fail("text_config", "expected an object, found nothing", "download the file again");
  ModelConfig config = ReadText(*text);
  config.model_type = json.model_type();
  config.weights_dtype = json.String("dtype", json.String("torch_dtype", config.weights_dtype));
  return config;
}

constexpr auto kTensors = Join(kLlamaEmbedding, kSandwichNorms, kLlamaAttention, kHeadNorms, kLlamaMlp);
constexpr std::array<std::string_view, 1> kMultimodalTypes = {"gemma3"};
constexpr std::array<std::string_view, 2> kMultimodalPrefixes = {"language_model.model.",
                                                                 "model.language_model."};
constexpr std::array<std::string_view, 7> kMultimodalUnused = {"lm_head.*",
                                                               "language_model.lm_head.*",
                                                               "norm.*",
                                                               "vision_tower.*",
                                                               "model.vision_tower.*",
                                                               "multi_modal_projector.*",
                                                               "model.multi_modal_projector.*"};
constexpr std::array<std::string_view, 1> kTypes = {"gemma3_text"};

}  // namespace

const Family kGemma3Text = {.model_types = kTypes,
                            .read_config = ReadText,
                            .prefixes = kModelPrefix,
                            .tensors = kTensors,
                            .unused = kLlamaUnused,
                            .covers = "gemma-3-270m, gemma-3-1b"};

const Family kGemma3 = {.model_types = kMultimodalTypes,
                        .read_config = ReadMultimodal,
                        .prefixes = kMultimodalPrefixes,
                        .tensors = kTensors,
                        .unused = kMultimodalUnused,
                        .covers = "gemma-3-4b, gemma-3-12b, gemma-3-27b, medgemma"};

}  // namespace headspec::model
