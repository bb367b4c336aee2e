// Large files from one disk to another.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "core/progress.h"

namespace headspec::sweep {

struct FileCopy {
  std::filesystem::path from;  // links are followed
  std::filesystem::path to;    // folders above it are made
  std::uint64_t bytes = 0;
};

// Makes sure of the room first. Blocks are shared with the original where the file system can. Throws
// Error(kSystem) naming the file, and Error(kInterrupted).
void CopyFiles(const std::vector<FileCopy>& files, Progress& progress);

// The files of a model's folder that measuring may read: configuration, tokenizer, templates, and the weights
// that it takes; relative names. Other formats of the same weights stay where they are.
std::vector<std::filesystem::path> FilesToCopy(const std::filesystem::path& folder);

}  // namespace headspec::sweep
