#include "experiment/conversions.h"

#include <map>
#include <string>
#include <utility>

namespace headspec::experiment {
namespace {

// fp8 weights are dequantised, product by product, with the scale of their block, which itself stays as it
// is.
std::string UsedType(const checkpoint::Tensor& tensor, Precision precision) {
  if (tensor.name.ends_with("_scale_inv")) return "torch.float32, scales of fp8 blocks";
  if (tensor.dtype == DType::kF8E4M3) return TorchName(precision) + ", fp8 times the scale of its block";
  return TorchName(precision);
}

}  // namespace

std::vector<Conversion> ConversionsOf(const model::Model& model, Precision precision) {
  std::map<std::pair<std::string, std::string>, Conversion> by_types;
  for (const checkpoint::Tensor* tensor : model.UsedTensors()) {
    const std::string stored(NameOf(tensor->dtype));
    const std::string used = UsedType(*tensor, precision);
    Conversion& conversion = by_types.try_emplace({stored, used}, Conversion{stored, used}).first->second;
    ++conversion.tensors;
    conversion.bytes += tensor->bytes.size();
  }
  std::vector<Conversion> conversions;
  for (auto& [types, conversion] : by_types) conversions.push_back(std::move(conversion));
  return conversions;
}

}  // namespace headspec::experiment
