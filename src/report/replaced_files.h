// Files put into a folder that may hold older ones: prepared under a hidden name in it, then renamed one
// after another. What was not committed disappears; other files of the folder are not touched.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "report/files.h"

namespace headspec::report {

class ReplacedFiles {
 public:
  // Throws Error(kSystem) if `folder` cannot be written.
  explicit ReplacedFiles(std::filesystem::path folder)
      : folder_(std::move(folder)), work_(CreatePartialFolder(folder_ / "report")) {}

  // Where the files are until Commit().
  const std::filesystem::path& WorkPath() const { return work_.path(); }

  // All of `names` or, with an Error where one of them is a folder there, none.
  void Commit(const std::vector<std::string>& names) const;

 private:
  std::filesystem::path folder_;
  Discard work_;
};

}  // namespace headspec::report
