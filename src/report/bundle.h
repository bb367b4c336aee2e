// One zip archive of finished files, as the notebook's download. The same files under the same names
// give the same bytes, whenever and wherever it is written.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace headspec::report {

struct BundleEntry {
  std::string name;            // inside the archive, "/" between folders
  std::filesystem::path file;  // what is stored
};

// Written beside `target`, then renamed. Throws Error(kSystem) if `target` exists, a file cannot be
// read, a name occurs twice, or the archive cannot be written.
void WriteBundle(const std::filesystem::path& target, const std::vector<BundleEntry>& entries);

}  // namespace headspec::report
