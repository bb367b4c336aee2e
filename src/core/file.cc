#include "core/file.h"

#include <fstream>

#include "core/error.h"

namespace headspec {

std::optional<std::string> ReadFile(const std::filesystem::path& path) {
  std::error_code failed;
  if (!std::filesystem::exists(path, failed)) return std::nullopt;
  const std::string name = path.filename().string();
  const std::string place = " in " + path.string();
  const bool is_file = std::filesystem::is_regular_file(path, failed);
  std::string bytes(is_file ? std::filesystem::file_size(path, failed) : 0, '\0');
  std::ifstream stream;
  if (is_file) stream.open(path, std::ios::binary);
  if (!is_file || failed || !stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size()))) {
    throw Error(ErrorKind::kSystem, name + ": cannot be read" + place,
                "check that it is a file and its permissions");
  }
  if (bytes.starts_with("version https://git-lfs")) {
    throw Error(ErrorKind::kInput, name + ": a Git-LFS pointer instead of the file" + place,
                "run git lfs pull there, or download the file again");
  }
  return bytes;
}

}  // namespace headspec
