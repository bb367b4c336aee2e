// A model's weights on disk as named tensors: one safetensors file, or several with an index. Opens, checks
// and maps them; bytes stay in the files until read. The model room asks it for tensors by name; the engine
// announces and releases them layer by layer. It converts nothing and knows no model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/mapped_file.h"
#include "core/dtype.h"

namespace headspec::checkpoint {

struct ShardIndex;

struct Tensor {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<std::uint64_t> shape;  // row-major
  std::span<const std::byte> bytes;  // at any alignment: read them with unaligned loads or memcpy
  std::string file;                  // name of the file it lies in, for messages
};

// Move-only. Tensors, their addresses and their bytes stay valid as long as the checkpoint, also when moved.
class Checkpoint {
 public:
  // Takes model.safetensors, else model.safetensors.index.json and its shards. Throws Error, kSystem for
  // what is missing or unreadable, kInput for content: the names of ParseSafetensors and ParseShardIndex,
  // then ShardDuplicateTensor, ShardLacksTensor, ShardSurplusTensor.
  static Checkpoint Open(const std::filesystem::path& folder);

  Checkpoint(Checkpoint&&) noexcept = default;
  Checkpoint& operator=(Checkpoint&&) noexcept = default;
  Checkpoint(const Checkpoint&) = delete;
  Checkpoint& operator=(const Checkpoint&) = delete;

  const Tensor* Find(std::string_view name) const;                 // nullptr if absent
  const std::vector<Tensor>& tensors() const { return tensors_; }  // by file, then by offset

  struct File {
    std::string name;
    std::uint64_t bytes;
  };
  const std::vector<File>& files() const { return files_; }

  // Start reading a tensor's pages, or give them back; see MappedFile. `tensor` is one of tensors().
  void WillNeed(const Tensor& tensor) const;
  void DontNeed(const Tensor& tensor) const;
  void DropFromCache(const Tensor& tensor) const;

 private:
  Checkpoint() = default;
  void AddFile(const std::filesystem::path& folder, const std::string& name);
  void IndexNames(const std::filesystem::path& folder);
  void CompareWith(const ShardIndex& index, const std::string& index_path) const;
  const MappedFile& MapOf(const Tensor& tensor) const;

  std::vector<File> files_;
  std::vector<MappedFile> maps_;  // one per file, in the same order
  std::vector<Tensor> tensors_;
  std::map<std::string_view, std::size_t> by_name_;  // the keys are the names in tensors_
};

}  // namespace headspec::checkpoint
