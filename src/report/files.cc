#include "report/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "core/error.h"
#include "core/file_descriptor.h"

namespace headspec::report {
namespace {

[[noreturn]] void FailWrite(const std::filesystem::path& file, std::string_view bytes, int error) {
  throw Error(ErrorKind::kSystem,
              fmt::format("cannot write {} ({} bytes): {}", file.string(), bytes.size(),
                          std::generic_category().message(error)),
              error == ENOSPC ? "free some space or choose another output folder"
                              : "choose an output folder that can be written");
}

}  // namespace

void WriteFile(const std::filesystem::path& file, std::string_view bytes) {
  FileDescriptor out(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (out.value() < 0) FailWrite(file, bytes, errno);
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const ssize_t written = ::write(out.value(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) FailWrite(file, bytes, errno);
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  if (out.Close() != 0) FailWrite(file, bytes, errno);
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
