// One download at a time among the processes that name the same lock file.
#pragma once

#include <filesystem>

#include "core/progress.h"
#include "hub/blob_lock.h"

namespace headspec::hub {

class DownloadTurn {
 public:
  // Waits while another process has it. Where the file system has no locks nobody waits. Throws
  // Error(kInterrupted) when cancelled, Error(kSystem) if the file cannot be made.
  DownloadTurn(const std::filesystem::path& file, Progress& progress);

 private:
  BlobLock lock_;
};

}  // namespace headspec::hub
