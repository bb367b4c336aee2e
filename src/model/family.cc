#include "model/family.h"

#include <fmt/format.h>

#include <array>

#include "model/families/families.h"

namespace headspec::model {
namespace {

constexpr std::array<const Family*, 1> kFamilies = {&kPhi};

}  // namespace

int SizeOf(Dim dim, const ModelConfig& config) {
  switch (dim) {
    case Dim::kOne:
      return 1;
    case Dim::kHidden:
      return config.hidden;
    case Dim::kQueryWidth:
      return config.QueryWidth();
    case Dim::kKeyWidth:
      return config.KeyWidth();
    case Dim::kHeadDim:
      return config.head_dim;
    case Dim::kIntermediate:
      return config.intermediate;
    case Dim::kVocab:
      return config.vocab;
  }
  return 0;
}

bool IsNeededForAttention(Slot slot) {
  switch (slot) {
    case Slot::kInputNormWeight:
    case Slot::kInputNormBias:
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
    if (family->model_type == config.model_type()) return *family;
    supported += (supported.empty() ? "" : ", ") + std::string(family->model_type);
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
