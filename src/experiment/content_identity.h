// What a folder holds of what measuring reads, by its content: the same words wherever the folder lies.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/progress.h"

namespace headspec::experiment {

struct FolderFile {
  std::string name;
  std::uint64_t bytes = 0;
  std::string sha256;  // 64 hexadecimal digits
};

struct FolderContent {
  std::vector<FolderFile> files;  // config.json first; the weights last
  std::string config;             // the text of config.json
};

// Hashes what no earlier run has hashed, over `threads` (0: all). Throws Error on what is no checkpoint.
FolderContent ReadFolderContent(const std::filesystem::path& folder, int threads, Progress& progress);

}  // namespace headspec::experiment
