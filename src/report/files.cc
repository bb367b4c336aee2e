#include "report/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "core/error.h"
#include "core/file_descriptor.h"
#include "core/host.h"

namespace headspec::report {
namespace {

[[noreturn]] void FailWrite(const std::filesystem::path& file, std::string_view bytes, int error) {
  throw Error(ErrorKind::kSystem,
              fmt::format("cannot write {} ({} bytes): {}", file.string(), bytes.size(),
                          std::generic_category().message(error)),
              error == ENOSPC ? "free some space or choose another output folder"
                              : "choose an output folder that can be written");
}

// The system's error number, or 0.
int Write(const std::filesystem::path& file, std::string_view bytes) {
  FileDescriptor out(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (out.value() < 0) return errno;
  while (!bytes.empty()) {
    const ssize_t written = ::write(out.value(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return out.Close() != 0 ? errno : 0;
}

}  // namespace

void WriteFile(const std::filesystem::path& file, std::string_view bytes) {
  if (const int error = Write(file, bytes); error != 0) FailWrite(file, bytes, error);
}

std::string ReplaceFile(const std::filesystem::path& file, std::string_view bytes,
                        std::filesystem::perms added) {
  std::error_code error;
  std::filesystem::create_directories(file.parent_path(), error);
  Discard partial(file.parent_path() / fmt::format(".{}.{}-{}{}", file.filename().string(), HostName(),
                                                   ::getpid(), kPartialEnding));
  if (const int number = Write(partial.path(), bytes); number != 0)
    return std::generic_category().message(number);
  error.clear();
  if (added != std::filesystem::perms::none)
    std::filesystem::permissions(partial.path(), added, std::filesystem::perm_options::add, error);
  if (!error) std::filesystem::rename(partial.path(), file, error);
  if (error) return error.message();
  partial.Release();
  return "";
}

std::filesystem::path CreatePartialFolder(const std::filesystem::path& target) {
  const std::filesystem::path parent = target.parent_path();
  const std::string stem = fmt::format(".{}.partial-{}", target.filename().string(), ::getpid());
  std::filesystem::path folder = parent / stem;
  std::error_code error;
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  // A name may be taken by a folder of this very process, or left by a dead one with our number.
  for (int i = 2; !error && !std::filesystem::create_directory(folder, error); ++i) {
    folder = parent / fmt::format("{}-{}", stem, i);
  }
  if (error) {
    throw Error(ErrorKind::kSystem,
                fmt::format("cannot create a folder in {}: {}", parent.empty() ? "." : parent.string(),
                            error.message()),
                "choose an output folder that can be written");
  }
  return folder;
}

Discard::~Discard() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace headspec::report
