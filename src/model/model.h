// A checkpoint bound to its family: every tensor that attention needs, checked against the config and
// viewed where it lies in the mapped file. Const after Open; holds no copy of a weight.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "core/matrix_view.h"
#include "model/config.h"
#include "model/family.h"
#include "model/quantization.h"

namespace headspec::model {

class Weights {
 public:
  const WeightView& operator[](Slot slot) const { return views_[static_cast<std::size_t>(slot)]; }
  WeightView& operator[](Slot slot) { return views_[static_cast<std::size_t>(slot)]; }
  // The tensors of a rule with a count (experts, heads), in order.
  const std::vector<WeightView>& List(Slot slot) const { return lists_.at(slot); }
  bool HasList(Slot slot) const { return lists_.contains(slot); }
  std::vector<WeightView>& List(Slot slot) { return lists_[slot]; }

 private:
  std::array<WeightView, static_cast<std::size_t>(Slot::kCount)> views_;
  std::map<Slot, std::vector<WeightView>> lists_;
};

class Model {
 public:
  // Reads config.json and the safetensors of `folder`. Throws Error on anything that does not fit. `change`
  // alters what config.json said before it is used: what would another rule do?
  static Model Open(const std::filesystem::path& folder,
                    const std::function<void(ModelConfig&)>& change = nullptr);

  const ModelConfig& config() const { return config_; }
  const Weights& shared() const { return shared_; }  // what is not of a layer: embeddings
  const Weights& layer(int index) const { return layers_[static_cast<std::size_t>(index)]; }
  const checkpoint::Checkpoint& checkpoint() const { return checkpoint_; }
  std::uint64_t parameters() const { return parameters_; }           // of every tensor in the files
  std::uint64_t used_bytes() const { return used_bytes_; }           // of the tensors that are read
  const std::string& stored_dtype() const { return stored_dtype_; }  // "BF16", or "BF16, F32"

  // The stored tensors that a pass reads, scales of fp8 weights included; each once.
  std::vector<const checkpoint::Tensor*> UsedTensors() const;

  std::uint64_t LayerBytes(int layer) const;  // read for the layer; the last one only as far as its attention

  // Hints to the operating system: the layer is needed soon; this process is done with it for now. Its
  // pages stay in the file cache unless they are to be dropped from there too.
  void Prefetch(int layer) const;
  void Release(int layer, bool drop_from_cache) const;

 private:
  // Which tensors of the checkpoint the table took, in its order, and the types of the weights among them.
  struct Bound {
    std::vector<bool> tensors;
    std::set<std::string> dtypes;
  };

  Model(ModelConfig config, ScaleBlocks blocks, checkpoint::Checkpoint checkpoint);
  void Bind(const Family& family);
  const checkpoint::Tensor* FindTensor(const Family& family, const std::string& name) const;
  void BindTensor(const Family& family, const TensorRule& rule, int layer, int index, Bound& bound);
  void Mark(const checkpoint::Tensor& tensor, Bound& bound) const;
  const checkpoint::Tensor& FindScales(const checkpoint::Tensor& weight) const;
  void RefuseSurplus(const Family& family, const std::vector<bool>& bound) const;

  ModelConfig config_;
  ScaleBlocks blocks_;
  checkpoint::Checkpoint checkpoint_;
  Weights shared_;
  std::vector<Weights> layers_;
  std::vector<const checkpoint::Tensor*> shared_tensors_;
  std::vector<std::vector<const checkpoint::Tensor*>> layer_tensors_;
  std::uint64_t parameters_ = 0;
  std::uint64_t used_bytes_ = 0;
  std::string stored_dtype_;
};

}  // namespace headspec::model
