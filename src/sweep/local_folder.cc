#include "sweep/local_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <random>
#include <string>
#include <system_error>

#include "core/error.h"
#include "core/file_descriptor.h"
#include "core/host.h"

namespace headspec::sweep {
namespace fs = std::filesystem;
namespace {

constexpr const char* kOwner = ".owner";

[[noreturn]] void Fail(const fs::path& path, const std::string& reason) {
  throw Error(ErrorKind::kSystem, fmt::format("local copies: cannot use {} ({})", path.string(), reason),
              "name a folder of this machine that can be written, or leave local copies out");
}

// "node7-3f9a...": the host first, so that on a folder which several hosts share each clears up after itself.
std::string FreshName() {
  std::random_device device;
  return fmt::format("{}-{:08x}{:08x}", HostName(), device(), device());
}

bool IsNamed(const FileDescriptor& file, const fs::path& path) {
  struct stat opened = {}, named = {};
  return ::fstat(file.value(), &opened) == 0 && ::lstat(path.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

// Removes a folder whose owner's lock is free: the system frees it when a process ends, however that happens.
void RemoveIfDead(const fs::path& owner) {
  const FileDescriptor file(::open(owner.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (file.value() < 0 || ::flock(file.value(), LOCK_EX | LOCK_NB) != 0 || !IsNamed(file, owner)) return;
  std::error_code code;
  fs::path folder = owner;
  fs::remove_all(folder.replace_extension(), code);
  if (!code) fs::remove(owner, code);
}

void RemoveDead(const fs::path& own) {
  std::error_code code;
  const std::string mine = HostName() + "-";
  for (fs::directory_iterator i(own, code), end; !code && i != end; i.increment(code)) {
    const fs::path& path = i->path();
    if (path.extension() == kOwner && path.filename().string().starts_with(mine)) RemoveIfDead(path);
  }
}

void RequireOwnFolder(const fs::path& own) {
  std::error_code code;
  fs::create_directories(own.parent_path(), code);
  if (::mkdir(own.c_str(), 0700) != 0 && errno != EEXIST) Fail(own, std::strerror(errno));
  struct stat status = {};
  if (::lstat(own.c_str(), &status) != 0) Fail(own, std::strerror(errno));
  if (!S_ISDIR(status.st_mode) || status.st_uid != ::getuid()) Fail(own, "it belongs to somebody else");
}

}  // namespace

fs::path OwnFolderIn(const fs::path& local) {
  return fs::absolute(local) / fmt::format("headspec-{}", ::getuid());
}

class LocalFolder::Owned {
 public:
  explicit Owned(const fs::path& own) {
    // Somebody who clears up may take the file between its making and its lock: then another one.
    for (int i = 0; i < 100; ++i) {
      path_ = own / FreshName();
      owner_ = path_.string() + kOwner;
      file_.emplace(::open(owner_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
      if (file_->value() < 0) Fail(owner_, std::strerror(errno));
      if (::flock(file_->value(), LOCK_EX | LOCK_NB) == 0) {
        if (IsNamed(*file_, owner_)) break;
      } else if (errno != EWOULDBLOCK) {
        const int error = errno;
        (void)::unlink(owner_.c_str());
        Fail(owner_, std::strerror(error));
      }
    }
    if (::mkdir(path_.c_str(), 0700) != 0) Fail(path_, std::strerror(errno));
  }
  ~Owned() {
    std::error_code code;
    fs::remove_all(path_, code);
    if (!code) (void)::unlink(owner_.c_str());
  }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;

  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
  fs::path owner_;
  std::optional<FileDescriptor> file_;
};

LocalFolder::LocalFolder(const fs::path& local) {
  const fs::path own = OwnFolderIn(local);
  RequireOwnFolder(own);
  RemoveDead(own);
  owned_ = std::make_unique<Owned>(own);
}

LocalFolder::~LocalFolder() = default;

const fs::path& LocalFolder::path() const { return owned_->path(); }

}  // namespace headspec::sweep
