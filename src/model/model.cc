#include "model/model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <utility>

#include "core/error.h"

namespace headspec::model {
namespace {

constexpr const char* kOtherModel =
    "config.json and the weights belong to different models, or the file is damaged";

std::string InLayer(std::string_view pattern, int layer) {
  std::string name(pattern);
  if (const auto at = name.find("{layer}"); at != std::string::npos)
    name.replace(at, 7, std::to_string(layer));
  return name;
}

bool IsPerLayer(const TensorRule& rule) { return rule.pattern.find("{layer}") != std::string_view::npos; }

bool IsPresent(const TensorRule& rule, const ModelConfig& config) {
  return rule.presence == Presence::kRequired || config.qk_norm != QkNorm::kNone;
}

bool IsFloatingPoint(DType dtype) {
  return dtype == DType::kF32 || dtype == DType::kF16 || dtype == DType::kBF16;
}

bool Matches(std::string_view name, std::string_view pattern) {
  if (pattern.ends_with('*')) return name.starts_with(pattern.substr(0, pattern.size() - 1));
  constexpr std::string_view kLayer = "{layer}";
  const auto at = pattern.find(kLayer);
  if (at == std::string_view::npos) return name == pattern;
  const std::string_view head = pattern.substr(0, at), tail = pattern.substr(at + kLayer.size());
  if (name.size() <= head.size() + tail.size() || !name.starts_with(head) || !name.ends_with(tail))
    return false;
  const std::string_view layer = name.substr(head.size(), name.size() - head.size() - tail.size());
  return layer.find_first_not_of("0123456789") == std::string_view::npos;
}

bool IsUnused(const Family& family, std::string_view name) {
  const auto matches = [&](std::string_view pattern) {
    return Matches(name, pattern) ||
           (name.starts_with(family.prefix) && Matches(name.substr(family.prefix.size()), pattern));
  };
  return std::any_of(family.unused.begin(), family.unused.end(), matches);
}

void CheckTensor(const checkpoint::Tensor& tensor, const std::vector<std::uint64_t>& shape) {
  if (tensor.shape == shape && IsFloatingPoint(tensor.dtype)) return;
  throw Error(
      ErrorKind::kInput,
      fmt::format("tensor \"{}\": expected F32, F16 or BF16 [{}], found {} [{}] in {}", tensor.name,
                  fmt::join(shape, ", "), NameOf(tensor.dtype), fmt::join(tensor.shape, ", "), tensor.file),
      IsFloatingPoint(tensor.dtype) ? kOtherModel : "quantised and integer weights are not supported");
}

}  // namespace

Model::Model(ModelConfig config, checkpoint::Checkpoint checkpoint)
    : config_(std::move(config)), checkpoint_(std::move(checkpoint)) {}

Model Model::Open(const std::filesystem::path& folder) {
  const ConfigReader json = ConfigReader::Open(folder);
  const Family& family = FamilyOf(json);
  Model model(family.read_config(json), checkpoint::Checkpoint::Open(folder));
  model.Bind(family);
  return model;
}

void Model::Bind(const Family& family) {
  const auto& tensors = checkpoint_.tensors();
  std::vector<bool> bound(tensors.size(), false);
  layers_.resize(static_cast<std::size_t>(config_.layers));
  layer_tensors_.resize(layers_.size());
  std::set<std::string> dtypes;
  for (const TensorRule& rule : family.tensors) {
    if (!IsPresent(rule, config_)) continue;
    const int last = IsPerLayer(rule) ? config_.layers : 1;
    for (int layer = 0; layer < last; ++layer) BindTensor(family, rule, layer, bound);
  }
  RefuseSurplus(family, bound);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    std::uint64_t elements = 1;
    for (const std::uint64_t size : tensors[i].shape) elements *= size;
    parameters_ += elements;
    if (!bound[i]) continue;
    dtypes.emplace(NameOf(tensors[i].dtype));
  }
  for (int layer = 0; layer < config_.layers; ++layer) used_bytes_ += LayerBytes(layer);
  stored_dtype_ = fmt::format("{}", fmt::join(dtypes, ", "));
}

void Model::BindTensor(const Family& family, const TensorRule& rule, int layer, std::vector<bool>& bound) {
  const std::string name = InLayer(rule.pattern, layer);
  const std::string full_name = std::string(family.prefix) + name;
  const checkpoint::Tensor* tensor = checkpoint_.Find(full_name);
  if (tensor == nullptr) tensor = checkpoint_.Find(name);
  const int rows = SizeOf(rule.rows, config_);
  const int cols = SizeOf(rule.cols, config_);
  std::vector<std::uint64_t> shape = {static_cast<std::uint64_t>(rows)};
  if (rule.cols != Dim::kOne) shape.push_back(static_cast<std::uint64_t>(cols));
  if (tensor == nullptr) {
    throw Error(ErrorKind::kInput,
                fmt::format("tensor \"{}\": expected [{}], found nothing in {}", full_name,
                            fmt::join(shape, ", "), checkpoint_.files().front().name),
                kOtherModel);
  }
  CheckTensor(*tensor, shape);
  bound[static_cast<std::size_t>(tensor - checkpoint_.tensors().data())] = true;
  const WeightView view{tensor->dtype, tensor->bytes.data(), rows, cols};
  if (!IsPerLayer(rule)) {
    embedding_ = view;
    return;
  }
  layers_[static_cast<std::size_t>(layer)][rule.slot] = view;
  const bool is_last = layer + 1 == config_.layers;
  if (is_last && !IsNeededForAttention(rule.slot)) return;
  layer_tensors_[static_cast<std::size_t>(layer)].push_back(tensor);
}

void Model::RefuseSurplus(const Family& family, const std::vector<bool>& bound) const {
  const auto& tensors = checkpoint_.tensors();
  const checkpoint::Tensor* first = nullptr;
  int count = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (bound[i] || IsUnused(family, tensors[i].name)) continue;
    if (count++ == 0) first = &tensors[i];
  }
  if (count == 0) return;
  throw Error(
      ErrorKind::kInput,
      fmt::format("tensor \"{}\": not part of a {} model with {} layers in {} ({} such tensor{} in all)",
                  first->name, config_.model_type, config_.layers, first->file, count, count == 1 ? "" : "s"),
      kOtherModel);
}

std::uint64_t Model::LayerBytes(int layer) const {
  std::uint64_t bytes = 0;
  for (const checkpoint::Tensor* tensor : layer_tensors_[static_cast<std::size_t>(layer)])
    bytes += tensor->bytes.size();
  return bytes;
}

void Model::Prefetch(int layer) const {
  for (const checkpoint::Tensor* tensor : layer_tensors_[static_cast<std::size_t>(layer)])
    checkpoint_.WillNeed(*tensor);
}

void Model::Release(int layer, bool drop_from_cache) const {
  for (const checkpoint::Tensor* tensor : layer_tensors_[static_cast<std::size_t>(layer)]) {
    checkpoint_.DontNeed(*tensor);
    if (drop_from_cache) checkpoint_.DropFromCache(*tensor);
  }
}

}  // namespace headspec::model
