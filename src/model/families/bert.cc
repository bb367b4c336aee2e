// BERT and RoBERTa: encoders, where every key is visible, that normalise after each branch. RoBERTa differs
// in its positions, which begin after the padding token's row.
//
// Defaults are those of transformers 4.57.6, configuration_bert.py and its relatives.
#include <fmt/format.h>

#include <cmath>
#include <string>
#include <utility>

#include "model/families/common.h"
#include "model/families/families.h"
#include "model/families/rules.h"

namespace headspec::model {
namespace {

ModelConfig ReadEncoder(const ConfigReader& json, int vocab) {
  const SizeRules sizes = {.layers = {"num_hidden_layers", 12},
                           .hidden = {"hidden_size", 768},
                           .heads = {"num_attention_heads", 12},
                           .kv_heads = {},
                           .head_dim = {},
                           .intermediate = {"intermediate_size", 3072},
                           .vocab = {"vocab_size", vocab}};
  ModelConfig config = ReadSizes(json, sizes);
  for (const std::string_view key : {"type_vocab_size", "max_position_embeddings"}) RefuseNull(json, key);
  const std::string positions = json.String("position_embedding_type", "absolute");
  if (positions != "absolute") {
    json.Fail("position_embedding_type", fmt::format("expected \"absolute\", found \"{}\"", positions),
              "relative positions change attention and are not supported");
  }
  config.types = ReadInt(json, {"type_vocab_size", 2}, 1, kMostPositions);
  config.positions = ReadInt(json, {"max_position_embeddings", 512}, 1, kMostPositions);
  config.norm_epsilon = ReadEpsilon(json, "layer_norm_eps", 1e-12);
  config.norms.before_attention = config.norms.before_mlp = false;
  config.norms.after_attention_sum = config.norms.after_mlp_sum = true;
  config.is_causal = ReadSwitch(json, "is_decoder", false);
  config.activation = ReadActivation(json, "hidden_act", "gelu");
  config.qkv_bias = config.output_bias = config.mlp_bias = true;
  config.scores.scale = Scores::Scale::kDivide;
  config.scores.operand = std::sqrt(config.head_dim);
  return config;
}

ModelConfig ReadBert(const ConfigReader& json) { return ReadEncoder(json, 30522); }

ModelConfig ReadRoberta(const ConfigReader& json) {
  ModelConfig config = ReadEncoder(json, json.model_type() == "roberta" ? 50265 : 30522);
  RefuseNull(json, "pad_token_id");
  config.padding_token = ReadInt(json, {"pad_token_id", 1}, 0, config.positions - 1);
  config.position_offset = config.padding_token + 1;
  return config;
}

constexpr auto kTensors = std::array{
    TensorRule{Slot::kEmbedding, "embeddings.word_embeddings.weight", Dim::kVocab, Dim::kHidden},
    TensorRule{Slot::kTypeEmbedding, "embeddings.token_type_embeddings.weight", Dim::kTypes, Dim::kHidden},
    TensorRule{Slot::kPositionEmbedding, "embeddings.position_embeddings.weight", Dim::kPositions,
               Dim::kHidden},
    TensorRule{Slot::kEmbeddingNormWeight, "embeddings.LayerNorm.weight", Dim::kHidden},
    TensorRule{Slot::kEmbeddingNormBias, "embeddings.LayerNorm.bias", Dim::kHidden},
    TensorRule{Slot::kQueryWeight, "encoder.layer.{layer}.attention.self.query.weight", Dim::kQueryWidth,
               Dim::kHidden},
    TensorRule{Slot::kQueryBias, "encoder.layer.{layer}.attention.self.query.bias", Dim::kQueryWidth},
    TensorRule{Slot::kKeyWeight, "encoder.layer.{layer}.attention.self.key.weight", Dim::kKeyWidth,
               Dim::kHidden},
    TensorRule{Slot::kKeyBias, "encoder.layer.{layer}.attention.self.key.bias", Dim::kKeyWidth},
    TensorRule{Slot::kValueWeight, "encoder.layer.{layer}.attention.self.value.weight", Dim::kKeyWidth,
               Dim::kHidden},
    TensorRule{Slot::kValueBias, "encoder.layer.{layer}.attention.self.value.bias", Dim::kKeyWidth},
    TensorRule{Slot::kOutputWeight, "encoder.layer.{layer}.attention.output.dense.weight", Dim::kHidden,
               Dim::kQueryWidth},
    TensorRule{Slot::kOutputBias, "encoder.layer.{layer}.attention.output.dense.bias", Dim::kHidden},
    TensorRule{Slot::kAttentionSumNormWeight, "encoder.layer.{layer}.attention.output.LayerNorm.weight",
               Dim::kHidden},
    TensorRule{Slot::kAttentionSumNormBias, "encoder.layer.{layer}.attention.output.LayerNorm.bias",
               Dim::kHidden},
    TensorRule{Slot::kUpWeight, "encoder.layer.{layer}.intermediate.dense.weight", Dim::kIntermediate,
               Dim::kHidden},
    TensorRule{Slot::kUpBias, "encoder.layer.{layer}.intermediate.dense.bias", Dim::kIntermediate},
    TensorRule{Slot::kDownWeight, "encoder.layer.{layer}.output.dense.weight", Dim::kHidden,
               Dim::kIntermediate},
    TensorRule{Slot::kDownBias, "encoder.layer.{layer}.output.dense.bias", Dim::kHidden},
    TensorRule{Slot::kMlpSumNormWeight, "encoder.layer.{layer}.output.LayerNorm.weight", Dim::kHidden},
    TensorRule{Slot::kMlpSumNormBias, "encoder.layer.{layer}.output.LayerNorm.bias", Dim::kHidden},
};

constexpr std::array<std::string_view, 1> kBertTypes = {"bert"};
constexpr std::array<std::string_view, 2> kRobertaTypes = {"roberta", "xlm-roberta"};
constexpr std::array<std::string_view, 1> kBertPrefix = {"bert."};
constexpr std::array<std::string_view, 1> kRobertaPrefix = {"roberta."};
// Heads of all tasks, and a stored range of numbers.
constexpr std::array<std::string_view, 7> kUnused = {"cls.*",
                                                     "lm_head.*",
                                                     "pooler.*",
                                                     "classifier.*",
                                                     "qa_outputs.*",
                                                     "embeddings.position_ids",
                                                     "embeddings.token_type_ids"};
constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kOldEndings = {
    {{"LayerNorm.weight", "LayerNorm.gamma"}, {"LayerNorm.bias", "LayerNorm.beta"}}};

}  // namespace

const Family kBert = {.model_types = kBertTypes,
                      .read_config = ReadBert,
                      .prefixes = kBertPrefix,
                      .tensors = kTensors,
                      .unused = kUnused,
                      .covers = "BERT base and large, multilingual BERT, MiniLM, BGE",
                      .old_endings = kOldEndings};

const Family kRoberta = {.model_types = kRobertaTypes,
                         .read_config = ReadRoberta,
                         .prefixes = kRobertaPrefix,
                         .tensors = kTensors,
                         .unused = kUnused,
                         .covers = "RoBERTa base and large, DistilRoBERTa, XLM-RoBERTa",
                         .old_endings = kOldEndings};

}  // namespace headspec::model
