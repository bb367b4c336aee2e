#include "model/family.h"

#include <fmt/format.h>

#include <array>

#include "model/families/families.h"

namespace headspec::model {
namespace {

constexpr std::array<const Family*, 31> kFamilies = {
    &kPhi,      &kPhi3,    &kLlama,  &kMistral, &kMixtral,    &kQwen2,    &kQwen2Moe,   &kQwen3,
    &kQwen3Moe, &kGemma,   &kGemma2, &kGemma3,  &kGemma3Text, &kStablelm, &kStarcoder2, &kOlmo,
    &kOlmo2,    &kGranite, &kCohere, &kCohere2, &kSmolLm3,    &kGpt2,     &kGptNeox,    &kGptj,
    &kCodegen,  &kFalcon,  &kOpt,    &kBloom,   &kMpt,        &kBert,     &kRoberta};

}  // namespace

int SizeOf(Dim dim, const ModelConfig& config) {
  switch (dim) {
    case Dim::kOne:
      return 1;
    case Dim::kHidden:
      return config.hidden;
    case Dim::kEmbeddingWidth:
      return config.embedding_width > 0 ? config.embedding_width : config.hidden;
    case Dim::kQueryWidth:
      return config.QueryWidth();
    case Dim::kKeyWidth:
      return config.KeyWidth();
    case Dim::kQkvWidth:
      return config.QueryWidth() + 2 * config.KeyWidth();
    case Dim::kHeadDim:
      return config.head_dim;
    case Dim::kHeads:
      return config.heads;
    case Dim::kKvHeads:
      return config.kv_heads;
    case Dim::kIntermediate:
      return config.intermediate;
    case Dim::kTwoIntermediate:
      return 2 * config.intermediate;
    case Dim::kVocab:
      return config.vocab;
    case Dim::kTypes:
      return config.types;
    case Dim::kPositions:
      return config.positions;
    case Dim::kExperts:
      return config.experts.count;
    case Dim::kExpertIntermediate:
      return config.experts.intermediate;
    case Dim::kSharedIntermediate:
      return config.experts.shared_intermediate;
  }
  return 0;
}

bool IsNeededForAttention(Slot slot) {
  switch (slot) {
    case Slot::kAttentionNormWeight:
    case Slot::kAttentionNormBias:
    case Slot::kQueryWeight:
    case Slot::kQueryBias:
    case Slot::kKeyWeight:
    case Slot::kKeyBias:
    case Slot::kQueryNormWeight:
    case Slot::kQueryNormBias:
    case Slot::kKeyNormWeight:
    case Slot::kKeyNormBias:
      return true;
    default:
      return false;
  }
}

std::span<const Family* const> Families() { return kFamilies; }

const Family& FamilyOf(const ConfigReader& config) {
  std::string supported;
  for (const Family* family : kFamilies) {
    for (const std::string_view type : family->model_types) {
      if (type == config.model_type()) return *family;
      supported += (supported.empty() ? "" : ", ") + std::string(type);
    }
  }
  const std::string found = config.model_type().empty() ? "nothing" : '"' + config.model_type() + '"';
  config.Fail("model_type", "expected one of: " + supported + "; found " + found,
              "this version measures only these families");
}

std::string ArchitectureName(const ModelConfig& config) {
  if (config.kv_heads == config.heads) return "MHA";
  if (config.kv_heads == 1) return "MQA";
  return fmt::format("GQA ({}:{})", config.heads, config.kv_heads);
}

}  // namespace headspec::model
