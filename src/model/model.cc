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

std::string Replaced(std::string_view pattern, std::string_view mark, int number) {
  std::string name(pattern);
  if (const auto at = name.find(mark); at != std::string::npos)
    name.replace(at, mark.size(), std::to_string(number));
  return name;
}

bool IsPerLayer(const TensorRule& rule) { return rule.pattern.find("{layer}") != std::string_view::npos; }

bool IsFloatingPoint(DType dtype) {
  return dtype == DType::kF32 || dtype == DType::kF16 || dtype == DType::kBF16;
}

// "{layer}" stands for digits, a '*' at the end for anything.
bool Matches(std::string_view name, std::string_view pattern) {
  constexpr std::string_view kLayer = "{layer}";
  if (const auto at = pattern.find(kLayer); at != std::string_view::npos) {
    if (!name.starts_with(pattern.substr(0, at))) return false;
    const std::string_view rest = name.substr(at);
    const auto digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
    return digits > 0 && Matches(rest.substr(digits), pattern.substr(at + kLayer.size()));
  }
  if (pattern.ends_with('*')) return name.starts_with(pattern.substr(0, pattern.size() - 1));
  return name == pattern;
}

bool IsUnused(const Family& family, std::string_view name) {
  const auto matches = [&](std::string_view pattern) {
    return Matches(name, pattern) ||
           std::any_of(family.prefixes.begin(), family.prefixes.end(), [&](std::string_view prefix) {
             return name.starts_with(prefix) && Matches(name.substr(prefix.size()), pattern);
           });
  };
  return std::any_of(family.unused.begin(), family.unused.end(), matches);
}

void CheckTensor(const checkpoint::Tensor& tensor, const std::vector<std::uint64_t>& shape, bool may_be_fp8) {
  const bool has_type = IsFloatingPoint(tensor.dtype) || (may_be_fp8 && tensor.dtype == DType::kF8E4M3);
  if (tensor.shape == shape && has_type) return;
  throw Error(
      ErrorKind::kInput,
      fmt::format("tensor \"{}\": expected {} [{}], found {} [{}] in {}", tensor.name,
                  may_be_fp8 ? "F32, F16, BF16 or F8_E4M3" : "F32, F16 or BF16", fmt::join(shape, ", "),
                  NameOf(tensor.dtype), fmt::join(tensor.shape, ", "), tensor.file),
      has_type ? kOtherModel : "quantised and integer weights are not supported");
}

std::uint64_t BlocksIn(std::uint64_t elements, int size) {
  const auto block = static_cast<std::uint64_t>(size);
  return (elements + block - 1) / block;
}

// Rows `first` .. of the stored tensor.
WeightView RowsOf(WeightView all, int first, int rows) {
  all.data =
      all.IsTransposed() ? all.data + static_cast<std::size_t>(first) * all.ElementBytes() : all.Row(first);
  all.rows = rows;
  all.scales.first_row += first;
  return all;
}

// Rows that come in groups, the first of them at `first`.
WeightView GroupsOf(const WeightView& all, int first, int rows, int group, int distance) {
  WeightView view = RowsOf(all, first, rows);
  view.group = group;
  view.group_distance = distance;
  return view;
}

// The query's, key's and value's part of a fused tensor.
std::array<WeightView, 3> SplitQkv(const WeightView& all, Layout layout, const ModelConfig& c) {
  const int query = c.QueryWidth(), key = c.KeyWidth();
  if (layout == Layout::kQkvGrouped) {
    const int queries = c.heads / c.kv_heads * c.head_dim, distance = queries + 2 * c.head_dim;
    return {GroupsOf(all, 0, query, queries, distance), GroupsOf(all, queries, key, c.head_dim, distance),
            GroupsOf(all, queries + c.head_dim, key, c.head_dim, distance)};
  }
  if (layout == Layout::kQkvFourBlocks) {
    const int group = query / 4, distance = 3 * group;
    return {GroupsOf(all, 0, query, group, distance), GroupsOf(all, 2 * group, key, group, distance),
            GroupsOf(all, group, key, group, distance)};
  }
  return {RowsOf(all, 0, query), RowsOf(all, query, key), RowsOf(all, query + key, key)};
}

Slot Next(Slot slot, int steps) { return static_cast<Slot>(static_cast<int>(slot) + steps); }

// Puts a stored tensor where the rule says. A fused tensor's slots follow each other, weights and biases in
// turn.
void Fill(const TensorRule& rule, const WeightView& view, const ModelConfig& config, Weights& weights) {
  switch (rule.layout) {
    case Layout::kPlain:
    case Layout::kTransposed:
      if (rule.count == Dim::kOne)
        weights[rule.slot] = view;
      else
        weights.List(rule.slot).push_back(view);
      return;
    case Layout::kGateUp:
      weights[rule.slot] = RowsOf(view, 0, config.intermediate);
      weights[Next(rule.slot, 2)] = RowsOf(view, config.intermediate, config.intermediate);
      return;
    default: {
      const auto parts = SplitQkv(view, rule.layout, config);
      for (int i = 0; i < 3; ++i) weights[Next(rule.slot, 2 * i)] = parts[static_cast<std::size_t>(i)];
    }
  }
}

bool IsStoredTransposed(Layout layout) {
  return layout == Layout::kTransposed || layout == Layout::kQkvStackedTransposed;
}

}  // namespace

Model::Model(ModelConfig config, ScaleBlocks blocks, checkpoint::Checkpoint checkpoint)
    : config_(std::move(config)), blocks_(blocks), checkpoint_(std::move(checkpoint)) {}

Model Model::Open(const std::filesystem::path& folder, const std::function<void(ModelConfig&)>& change) {
  const ConfigReader json = ConfigReader::Open(folder);
  const Family& family = FamilyOf(json);
  const ScaleBlocks blocks = ReadQuantization(json);
  ModelConfig config = family.read_config(json);
  if (change) change(config);
  Model model(std::move(config), blocks, checkpoint::Checkpoint::Open(folder));
  model.Bind(family);
  return model;
}

void Model::Bind(const Family& family) {
  const auto& tensors = checkpoint_.tensors();
  Bound bound;
  bound.tensors.resize(tensors.size());
  layers_.resize(static_cast<std::size_t>(config_.layers));
  layer_tensors_.resize(layers_.size());
  for (const TensorRule& rule : family.tensors) {
    const int last = IsPerLayer(rule) ? config_.layers : 1;
    for (int layer = 0; layer < last; ++layer) {
      if (rule.when != nullptr && !rule.when(config_, layer)) continue;
      for (int index = 0; index < SizeOf(rule.count, config_); ++index)
        BindTensor(family, rule, layer, index, bound);
    }
  }
  RefuseSurplus(family, bound.tensors);
  for (const checkpoint::Tensor& tensor : tensors) {
    std::uint64_t elements = 1;
    for (const std::uint64_t size : tensor.shape) elements *= size;
    parameters_ += elements;
  }
  for (int layer = 0; layer < config_.layers; ++layer) used_bytes_ += LayerBytes(layer);
  stored_dtype_ = fmt::format("{}", fmt::join(bound.dtypes, ", "));
}

const checkpoint::Tensor* Model::FindTensor(const Family& family, const std::string& name) const {
  for (const std::string_view prefix : family.prefixes) {
    if (const auto* tensor = checkpoint_.Find(std::string(prefix) + name)) return tensor;
  }
  if (const auto* tensor = checkpoint_.Find(name)) return tensor;
  for (const auto& [ending, old_ending] : family.old_endings) {
    if (!name.ends_with(ending)) continue;
    std::string old_name = name;
    old_name.replace(name.size() - ending.size(), ending.size(), old_ending);
    if (const auto* tensor = FindTensor(family, old_name)) return tensor;
  }
  return nullptr;
}

void Model::BindTensor(const Family& family, const TensorRule& rule, int layer, int index, Bound& bound) {
  const std::string name = Replaced(Replaced(rule.pattern, "{layer}", layer), "{index}", index);
  const checkpoint::Tensor* tensor = FindTensor(family, name);
  const int rows = SizeOf(rule.rows, config_);
  const int cols = SizeOf(rule.cols, config_);
  std::vector<std::uint64_t> shape = {static_cast<std::uint64_t>(rows)};
  if (rule.cols != Dim::kOne) shape.push_back(static_cast<std::uint64_t>(cols));
  const bool is_transposed = IsStoredTransposed(rule.layout) && rule.cols != Dim::kOne;
  if (is_transposed) std::reverse(shape.begin(), shape.end());
  if (tensor == nullptr) {
    throw Error(ErrorKind::kInput,
                fmt::format("tensor \"{}{}\": expected [{}], found nothing in {}", family.prefixes.front(),
                            name, fmt::join(shape, ", "), checkpoint_.files().front().name),
                kOtherModel);
  }
  CheckTensor(*tensor, shape, blocks_.IsQuantised() && rule.cols != Dim::kOne && !is_transposed);
  Mark(*tensor, bound);
  bound.dtypes.emplace(NameOf(tensor->dtype));
  WeightView view{tensor->dtype, tensor->bytes.data(), rows, cols};
  if (is_transposed) view.term_distance = rows;
  const checkpoint::Tensor* scales = tensor->dtype == DType::kF8E4M3 ? &FindScales(*tensor) : nullptr;
  if (scales != nullptr) {
    Mark(*scales, bound);
    view.scales = {scales->dtype, scales->bytes.data(), static_cast<int>(scales->shape[1]), blocks_.rows,
                   blocks_.cols};
  }
  if (!IsPerLayer(rule)) {
    Fill(rule, view, config_, shared_);
    shared_tensors_.push_back(tensor);
    return;
  }
  Fill(rule, view, config_, layers_[static_cast<std::size_t>(layer)]);
  const bool is_last = layer + 1 == config_.layers;
  if (is_last && !IsNeededForAttention(rule.slot)) return;
  auto& read = layer_tensors_[static_cast<std::size_t>(layer)];
  read.push_back(tensor);
  if (scales != nullptr) read.push_back(scales);
}

void Model::Mark(const checkpoint::Tensor& tensor, Bound& bound) const {
  bound.tensors[static_cast<std::size_t>(&tensor - checkpoint_.tensors().data())] = true;
}

// fp8 weights have a tensor beside them with what to multiply each block by.
const checkpoint::Tensor& Model::FindScales(const checkpoint::Tensor& weight) const {
  const std::string name = weight.name + "_scale_inv";
  const checkpoint::Tensor* scales = checkpoint_.Find(name);
  const std::vector<std::uint64_t> shape = {BlocksIn(weight.shape[0], blocks_.rows),
                                            BlocksIn(weight.shape[1], blocks_.cols)};
  const bool has_type = scales != nullptr && (scales->dtype == DType::kF32 || scales->dtype == DType::kBF16);
  if (has_type && scales->shape == shape) return *scales;
  const std::string found =
      scales == nullptr ? "nothing"
                        : fmt::format("{} [{}]", NameOf(scales->dtype), fmt::join(scales->shape, ", "));
  throw Error(ErrorKind::kInput,
              fmt::format("tensor \"{}\": expected F32 or BF16 [{}], found {} in {}", name,
                          fmt::join(shape, ", "), found, (scales == nullptr ? weight : *scales).file),
              fmt::format("fp8 weights need a scale for each block of {} x {}, as "
                          "quantization_config.weight_block_size says",
                          blocks_.rows, blocks_.cols));
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

std::vector<const checkpoint::Tensor*> Model::UsedTensors() const {
  std::set<const checkpoint::Tensor*> used(shared_tensors_.begin(), shared_tensors_.end());
  for (const auto& tensors : layer_tensors_) used.insert(tensors.begin(), tensors.end());
  return {used.begin(), used.end()};
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
