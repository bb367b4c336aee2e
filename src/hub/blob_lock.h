// The lock file that keeps two processes, ours or Python's, from downloading one blob at once (flock, as
// the filelock package takes it).
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

  // Tries once, without waiting. kTaken: another process has it. kImpossible: this file system has no locks.
  // Throws Error(kSystem) if the file cannot be made.
  State Try();
  void Release() { descriptor_.reset(); }

 private:
  std::filesystem::path file_;
  std::optional<FileDescriptor> descriptor_;
};

}  // namespace headspec::hub
