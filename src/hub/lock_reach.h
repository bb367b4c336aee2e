// Whom a lock on a file keeps out: on a file system that several hosts share, that is a matter of how it is
// mounted.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace headspec::hub {

enum class LockReach {
  kAllHosts,
  kThisHost,
  kNone,
};

struct LockFacts {
  LockReach reach = LockReach::kThisHost;
  bool is_shared = false;  // other hosts may have the same folder
  std::string why = {};    // one line: "nfs4 at /home, local_lock=flock: locks hold on this host only"
};

// Of the file system that holds `path`, which need not exist yet.
LockFacts ReachOf(const std::filesystem::path& path);

// The same from the text of /proc/self/mountinfo and an absolute path without links. What is not in it is
// taken for a local folder.
LockFacts ReachIn(std::string_view mountinfo, const std::filesystem::path& path);

}  // namespace headspec::hub
