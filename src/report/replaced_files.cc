#include "report/replaced_files.h"

#include <fmt/format.h>

#include <system_error>

#include "core/error.h"

namespace headspec::report {

void ReplacedFiles::Commit(const std::vector<std::string>& names) const {
  std::error_code error;
  for (const std::string& name : names) {
    if (std::filesystem::is_directory(folder_ / name, error))
      throw Error(ErrorKind::kSystem,
                  fmt::format("{} is a folder, not a file to replace", (folder_ / name).string()),
                  "move it away or choose another output folder");
  }
  for (const std::string& name : names) {
    std::filesystem::create_directories((folder_ / name).parent_path(), error);
    std::filesystem::rename(WorkPath() / name, folder_ / name, error);
    if (error)
      throw Error(ErrorKind::kSystem,
                  fmt::format("cannot put {} into {}: {}", name, folder_.string(), error.message()),
                  "choose an output folder that can be written");
  }
}

}  // namespace headspec::report
