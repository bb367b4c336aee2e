// A lock file that keeps processes from doing one thing at once: of a blob, ours and Python's from
// downloading it (flock, as the filelock package takes it).
#pragma once

#include <filesystem>
#include <optional>
#include <utility>

#include "core/file_descriptor.h"

namespace headspec::hub {

class BlobLock {
 public:
  enum class State { kHeld, kTaken, kImpossible };

  explicit BlobLock(std::filesystem::path file) : file_(std::move(file)) {}

  // Alone, or with any number of others that share it.
  enum class Share { kNo, kYes };

  // Tries once, without waiting. kTaken: another process has it. kImpossible: this file system has no locks.
  // Throws Error(kSystem) if the file cannot be made.
  State Try(Share share = Share::kNo);
  void Release() { descriptor_.reset(); }

 private:
  std::filesystem::path file_;
  std::optional<FileDescriptor> descriptor_;
};

}  // namespace headspec::hub
