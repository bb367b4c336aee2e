// Taking a revision out of the cache again that was downloaded for one use, and nothing that was there
// before.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "hub/cache.h"

namespace headspec::hub {

// What a model's folder held before a revision was located.
class CacheRecord {
 public:
  // Notes names only: some system calls.
  CacheRecord(Repository repository, std::string commit);

  enum class Outcome {
    kNothing,  // nothing came since
    kRemoved,
    kInUse,  // another process reads the snapshot, or downloads now: later
  };

  // Removes what of the snapshot came since: the files that are fetched to measure, then the blobs that no
  // other snapshot links to, references to the commit and notes about it. `download_lock` is that of
  // Settings; removing waits for nobody. Throws Error(kSystem).
  Outcome Remove(const std::filesystem::path& download_lock) const;

 private:
  std::set<std::string> NewLinks() const;

  Repository repository_;
  std::string commit_;
  std::set<std::string> links_;  // of the snapshot, relative to it
  std::set<std::string> blobs_;  // names
  std::set<std::string> refs_;   // relative to refs/
  bool has_notes_ = false;       // .no_exist/<commit>
  bool was_there_ = false;       // the model's folder
};

}  // namespace headspec::hub
