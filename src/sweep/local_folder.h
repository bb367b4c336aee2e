// A folder of one process on a disk of this machine, gone when it is no longer needed, or, where the process
// was killed, as soon as the next one begins there.
#pragma once

#include <filesystem>
#include <memory>

namespace headspec::sweep {

// <local>/headspec-<user id>: of all processes of this user.
std::filesystem::path OwnFolderIn(const std::filesystem::path& local);

class LocalFolder {
 public:
  // Makes <local>/headspec-<user id>/<random>, which no other user can read, and removes those beside it that
  // dead processes of this host have left. Throws Error(kSystem).
  explicit LocalFolder(const std::filesystem::path& local);
  ~LocalFolder();
  LocalFolder(const LocalFolder&) = delete;
  LocalFolder& operator=(const LocalFolder&) = delete;

  const std::filesystem::path& path() const;

 private:
  class Owned;
  std::unique_ptr<Owned> owned_;
};

}  // namespace headspec::sweep
