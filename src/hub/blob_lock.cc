#include "hub/blob_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "core/error.h"

namespace headspec::hub {

BlobLock::State BlobLock::Try(Share share) {
  if (descriptor_) return State::kHeld;
  std::error_code code;
  std::filesystem::create_directories(file_.parent_path(), code);
  descriptor_.emplace(::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (descriptor_->value() < 0) {
    const int error = errno;
    descriptor_.reset();
    throw Error(ErrorKind::kSystem,
                fmt::format("cache: cannot write {} ({})", file_.string(), std::strerror(error)),
                "check its permissions and free space, or name another folder with --cache-dir");
  }
  if (::flock(descriptor_->value(), (share == Share::kYes ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0)
    return State::kHeld;
  const bool taken = errno == EWOULDBLOCK;
  descriptor_.reset();
  return taken ? State::kTaken : State::kImpossible;
}

}  // namespace headspec::hub
