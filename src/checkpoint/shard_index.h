// model.safetensors.index.json, read: which shard holds which tensor. Checkpoint calls it and compares the
// answer with the shards. It opens no shard; a shard's name is only promised to be a plain name in the same
// folder, so that a hostile index cannot reach another file.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>

namespace headspec::checkpoint {

struct ShardIndex {
  std::map<std::string, std::string> weight_map;  // tensor -> shard
};

// Throws Error(kInput) GitLfsPointer, HtmlPage, ErrorAnswer, ZeroFilled, IndexInvalid or IndexShardName.
ShardIndex ParseShardIndex(std::span<const std::byte> file, const std::string& file_name);

}  // namespace headspec::checkpoint
