#include "checkpoint/checkpoint.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>
#include <system_error>
#include <utility>

#include "checkpoint/safetensors.h"
#include "checkpoint/shard_index.h"
#include "checkpoint/wording.h"
#include "core/error.h"

namespace headspec::checkpoint {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSingle = "model.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";
constexpr const char* kAgain = "download the checkpoint again";
// Keeps the stored precision. The folder is an argument: it may hold any character.
constexpr const char* kConvert =
    "python -c \"import sys; from transformers import AutoModelForCausalLM as M; f = sys.argv[1]; "
    "M.from_pretrained(f, torch_dtype='auto').save_pretrained(f, safe_serialization=True)\" ";

// A link into nowhere, as an interrupted download leaves in a hub cache, counts as present: MappedFile then
// says that it cannot be opened, which is more than "not found".
bool IsPresent(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(path, ignored));
}

void RequireFolder(const fs::path& folder) {
  std::error_code error;
  const fs::file_status status = fs::status(folder, error);
  if (status.type() == fs::file_type::not_found) {
    throw Error(ErrorKind::kSystem, fmt::format("{}: no such folder", folder.string()), "check the path");
  }
  if (error) {
    throw Error(ErrorKind::kSystem,
                fmt::format("{}: cannot look inside: {}", folder.string(), error.message()),
                "give yourself read permission");
  }
  if (!fs::is_directory(status)) {
    throw Error(ErrorKind::kInput, fmt::format("{}: expected a folder, found a file", folder.string()),
                "name the folder that holds model.safetensors");
  }
}

// As one word of a shell.
std::string ShellQuoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

// A file of weights that are not as transformers stores them, or shards without their index. Other
// safetensors may hold anything.
bool IsForeign(const std::string& name) {
  constexpr std::array kEndings = {".gguf", ".pt", ".pth", ".ckpt", ".h5", ".msgpack"};
  const auto ends = [&](const char* ending) { return name.ends_with(ending); };
  return std::any_of(kEndings.begin(), kEndings.end(), ends) ||
         (ends(".safetensors") && (name.starts_with("consolidated") || name.starts_with("model-")));
}

// The first such file by name, or "".
std::string ForeignWeights(const fs::path& folder) {
  std::string first;
  std::error_code error;
  for (fs::directory_iterator i(folder, error), end; !error && i != end; i.increment(error)) {
    const std::string name = i->path().filename().string();
    if (IsForeign(name) && (first.empty() || name < first)) first = name;
  }
  return first;
}

[[noreturn]] void RefuseWithoutSafetensors(const fs::path& folder) {
  for (const char* name : {"pytorch_model.bin", "pytorch_model.bin.index.json"}) {
    if (!IsPresent(folder / name)) continue;
    throw Error(
        ErrorKind::kInput,
        fmt::format("{}: found {} but no {}: pickled weights are not read, since reading them runs the "
                    "code in them",
                    folder.string(), name, kSingle),
        fmt::format("convert it once, if you trust it: {}{}", kConvert, ShellQuoted(folder.string())));
  }
  if (const std::string name = ForeignWeights(folder); !name.empty()) {
    throw Error(
        ErrorKind::kInput,
        fmt::format(
            "{}: found {} but neither {} nor {}: only safetensors as transformers writes them are read",
            folder.string(), Quoted(name), kSingle, kIndex),
        name.ends_with(".gguf") ? "download the model that it was made from"
                                : "download the safetensors version of the model, or convert it to that");
  }
  throw Error(ErrorKind::kSystem,
              fmt::format("{}: no weights: looked for {} and {}", folder.string(), kSingle, kIndex),
              "check the path, or download the model");
}

void RequireShards(const fs::path& folder, const std::set<std::string>& names) {
  std::vector<std::string> missing;
  for (const std::string& name : names) {
    std::error_code ignored;
    if (!fs::exists(folder / name, ignored)) missing.push_back(Quoted(name));
  }
  if (missing.empty()) return;
  throw Error(ErrorKind::kSystem,
              fmt::format("{}: {} of {} shards missing: {}", (folder / kIndex).string(), missing.size(),
                          names.size(), fmt::join(missing, ", ")),
              "download them");
}

}  // namespace

Checkpoint Checkpoint::Open(const fs::path& folder) {
  RequireFolder(folder);
  Checkpoint checkpoint;
  if (IsPresent(folder / kSingle)) {
    checkpoint.AddFile(folder, kSingle);
    checkpoint.IndexNames(folder);
    return checkpoint;
  }
  if (!IsPresent(folder / kIndex)) RefuseWithoutSafetensors(folder);

  const std::string index_path = (folder / kIndex).string();
  const ShardIndex index = ParseShardIndex(MappedFile::Open(index_path).bytes(), index_path);
  std::set<std::string> shards;
  for (const auto& [tensor, shard] : index.weight_map) shards.insert(shard);
  RequireShards(folder, shards);
  for (const std::string& shard : shards) checkpoint.AddFile(folder, shard);
  checkpoint.IndexNames(folder);
  checkpoint.CompareWith(index, index_path);
  return checkpoint;
}

void Checkpoint::AddFile(const fs::path& folder, const std::string& name) {
  MappedFile map = MappedFile::Open(folder / name);
  const std::span<const std::byte> bytes = map.bytes();
  SafetensorsHeader header = ParseSafetensors(bytes, (folder / name).string());
  for (TensorEntry& entry : header.tensors) {
    tensors_.push_back({std::move(entry.name), entry.dtype, std::move(entry.shape),
                        bytes.subspan(header.data_offset + entry.begin, entry.end - entry.begin), name});
  }
  files_.push_back({name, bytes.size()});
  maps_.push_back(std::move(map));
}

void Checkpoint::IndexNames(const fs::path& folder) {
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    const auto [known, added] = by_name_.emplace(tensors_[i].name, i);
    if (added) continue;
    throw Refusal(folder.string(), "ShardDuplicateTensor",
                  fmt::format("tensor {} is in {} and in {}", Quoted(tensors_[i].name),
                              tensors_[known->second].file, tensors_[i].file),
                  kAgain);
  }
}

void Checkpoint::CompareWith(const ShardIndex& index, const std::string& index_path) const {
  for (const auto& [name, shard] : index.weight_map) {
    const Tensor* tensor = Find(name);
    if (tensor != nullptr && tensor->file == shard) continue;
    const std::string found =
        tensor == nullptr ? "no shard has it" : fmt::format("it is in {}", tensor->file);
    throw Refusal(index_path, "ShardLacksTensor",
                  fmt::format("tensor {}: expected in {}, but {}", Quoted(name), shard, found), kAgain);
  }
  std::vector<const Tensor*> surplus;
  for (const Tensor& tensor : tensors_) {
    if (!index.weight_map.contains(tensor.name)) surplus.push_back(&tensor);
  }
  if (!surplus.empty()) {
    throw Refusal(index_path, "ShardSurplusTensor",
                  fmt::format("{} of {} tensors are not in weight_map, the first is {} in {}", surplus.size(),
                              tensors_.size(), Quoted(surplus[0]->name), surplus[0]->file),
                  "index and shards are of different versions: download the checkpoint again");
  }
}

const Tensor* Checkpoint::Find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &tensors_[found->second];
}

const MappedFile& Checkpoint::MapOf(const Tensor& tensor) const {
  std::size_t i = 0;
  while (files_[i].name != tensor.file) ++i;
  return maps_[i];
}

void Checkpoint::WillNeed(const Tensor& tensor) const { MapOf(tensor).WillNeed(tensor.bytes); }

void Checkpoint::DontNeed(const Tensor& tensor) const { MapOf(tensor).DontNeed(tensor.bytes); }

void Checkpoint::DropFromCache(const Tensor& tensor) const { MapOf(tensor).DropFromCache(tensor.bytes); }

}  // namespace headspec::checkpoint
