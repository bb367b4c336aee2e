#include "core/file.h"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>

#include "core/error.h"

namespace headspec {

std::optional<std::string> ReadFile(const std::filesystem::path& path) {
  namespace fs = std::filesystem;
  std::error_code failed;
  const fs::file_type named = fs::symlink_status(path, failed).type();
  if (named == fs::file_type::not_found) return std::nullopt;
  const std::string name = path.filename().string();
  const std::string place = " in " + path.string();
  const fs::file_type type = fs::status(path, failed).type();
  if (type == fs::file_type::not_found) {
    throw Error(ErrorKind::kSystem, name + ": a link to a missing file" + place, "download the file again");
  }
  const bool is_file = type == fs::file_type::regular;
  const std::uintmax_t size = is_file ? fs::file_size(path, failed) : 0;
  std::string bytes(failed ? 0 : size, '\0');
  std::ifstream stream;
  errno = 0;
  if (is_file && !failed) stream.open(path, std::ios::binary);
  if (!is_file || failed || !stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size()))) {
    const std::string reason = failed ? failed.message() : errno != 0 ? std::strerror(errno) : "";
    throw Error(ErrorKind::kSystem,
                name + ": cannot be read" + (reason.empty() ? "" : " (" + reason + ")") + place,
                "check that it is a file and its permissions");
  }
  if (bytes.starts_with("version https://git-lfs")) {
    throw Error(ErrorKind::kInput, name + ": a Git-LFS pointer instead of the file" + place,
                "run git lfs pull there, or download the file again");
  }
  return bytes;
}

}  // namespace headspec
