// Writing whole files with every error checked, and names for what is not finished yet.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

namespace headspec::report {

// Writes `bytes` to `file` (created or truncated). Throws Error(kSystem) with name, size and the system's
// reason.
void WriteFile(const std::filesystem::path& file, std::string_view bytes);

// `file` has these bytes from one moment to the next, also where others write it at the same time; its folder
// is made. Returns what went wrong, "No space left on device", or "".
std::string ReplaceFile(const std::filesystem::path& file, std::string_view bytes,
                        std::filesystem::perms added = std::filesystem::perms::none);

// Ends the name of what ReplaceFile writes beside.
inline constexpr std::string_view kPartialEnding = ".partial";

// Creates a hidden folder `.<name>.partial-<pid>` beside `target`, with its parents, and returns its path.
std::filesystem::path CreatePartialFolder(const std::filesystem::path& target);

// Removes a partial file or folder on the way out unless it was released. Never throws.
class Discard {
 public:
  explicit Discard(std::filesystem::path path) : path_(std::move(path)) {}
  ~Discard();
  Discard(const Discard&) = delete;
  Discard& operator=(const Discard&) = delete;

  const std::filesystem::path& path() const { return path_; }
  void Release() { path_.clear(); }

 private:
  std::filesystem::path path_;
};

}  // namespace headspec::report
