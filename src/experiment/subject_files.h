// Which files a model was read from, and what proves that they are these files and no others.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "core/progress.h"
#include "experiment/file_hashes.h"
#include "headspec/result.h"

namespace headspec::experiment {

// The files of a folder as they were before anything was read from them, so that one that changes on the way
// from reading to hashing is noticed.
struct FolderStamps {
  std::int64_t taken_ns = 0;               // since 1970; not after any of the stamps
  std::map<std::string, FileStamp> files;  // by name within the folder
  bool is_complete = false;                // false where the folder cannot be listed
};
FolderStamps StampFolder(const std::filesystem::path& folder);

struct SubjectFiles {
  std::vector<FileRecord> records;  // config.json, then the tokenizer's, the shard index and the weights
  std::vector<FileStamp> stamps;    // of each of them
  // What the numbers of a pass depend on: SHA-256 and name of config.json, index and weights, one a line.
  // Empty if it is not certain that what was opened is what was hashed: a file was replaced by its equal in
  // size and time, or the file system does not number its files for good.
  std::string content;
};

// Hashes of everything that was read from `folder`. Throws Error(kSystem) if a file is not what `stamps` says
// any more, Error(kInterrupted) when cancelled.
SubjectFiles IdentifyFiles(const std::filesystem::path& folder, const checkpoint::Checkpoint& checkpoint,
                           const FolderStamps& stamps, int threads, Progress& progress);

// The first of these files that was written to since, or "". One that is gone or replaced was not: what is
// open stays as it is.
std::string WrittenFile(const std::filesystem::path& folder, const SubjectFiles& files);

}  // namespace headspec::experiment
