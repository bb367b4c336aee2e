#include "sweep/copy_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#ifdef __linux__
#include <linux/fs.h>
#include <sys/ioctl.h>
#endif
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

#include "core/error.h"
#include "core/file_descriptor.h"
#include "core/text.h"
#include "hub/cache.h"

namespace headspec::sweep {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kBlock = std::size_t{4} << 20;

[[noreturn]] void Fail(const fs::path& file, int error) {
  throw Error(ErrorKind::kSystem,
              fmt::format("local copies: {} ({})", file.string(), std::generic_category().message(error)),
              error == ENOSPC || error == EDQUOT ? "free some space there, or leave local copies out"
                                                 : "look at that file, or leave local copies out");
}

void RequireRoom(const std::vector<FileCopy>& files, std::uint64_t total) {
  const fs::path folder = files.front().to.parent_path();
  std::error_code code;
  const fs::space_info space = fs::space(folder, code);
  if (code || space.available >= total) return;
  throw Error(ErrorKind::kSystem,
              fmt::format("local copies: {} to copy, {} free in {}", AmountText(total),
                          AmountText(space.available), folder.string()),
              "free some space there, name another folder, or leave local copies out");
}

// True where the file system lets the two share their blocks.
bool Clone(const FileDescriptor& from, const FileDescriptor& to) {
#ifdef FICLONE
  return ::ioctl(to.value(), FICLONE, from.value()) == 0;
#else
  return false;
#endif
}

void CopyBytes(const FileDescriptor& from, const FileDescriptor& to, const FileCopy& copy,
               Progress& progress) {
  std::string block(kBlock, '\0');
  std::uint64_t copied = 0;
  while (true) {
    RequireGoingOn(progress);
    const ssize_t got = ::read(from.value(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) Fail(copy.from, errno);
    if (got == 0) break;
    for (ssize_t done = 0; done < got;) {
      const ssize_t written = ::write(to.value(), block.data() + done, static_cast<std::size_t>(got - done));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) Fail(copy.to, errno);
      done += written;
    }
    copied += static_cast<std::uint64_t>(got);
    progress.Advance(got);
  }
  if (copied == copy.bytes) return;
  throw Error(
      ErrorKind::kSystem,
      fmt::format("local copies: {}: expected {} bytes, found {}", copy.from.string(), copy.bytes, copied),
      "wait until it is written, and run again");
}

void CopyOne(const FileCopy& copy, Progress& progress) {
  std::error_code code;
  fs::create_directories(copy.to.parent_path(), code);
  const FileDescriptor from(::open(copy.from.c_str(), O_RDONLY | O_CLOEXEC));
  if (from.value() < 0) Fail(copy.from, errno);
  FileDescriptor to(::open(copy.to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (to.value() < 0) Fail(copy.to, errno);
  if (Clone(from, to))
    progress.Advance(static_cast<std::int64_t>(copy.bytes));
  else
    CopyBytes(from, to, copy, progress);
  if (to.Close() != 0) Fail(copy.to, errno);
}

bool IsSmallKind(const fs::path& file) {
  constexpr std::array<std::string_view, 3> kEndings = {".json", ".jinja", ".txt"};
  return std::find(kEndings.begin(), kEndings.end(), file.extension().string()) != kEndings.end();
}

}  // namespace

void CopyFiles(const std::vector<FileCopy>& files, Progress& progress) {
  if (files.empty()) return;
  std::uint64_t total = 0;
  for (const FileCopy& file : files) total += file.bytes;
  std::error_code code;
  fs::create_directories(files.front().to.parent_path(), code);
  RequireRoom(files, total);
  progress.Begin("copying", static_cast<std::int64_t>(total), WorkUnit::kBytes);
  for (const FileCopy& file : files) CopyOne(file, progress);
  progress.End();
}

std::vector<fs::path> FilesToCopy(const fs::path& folder) {
  constexpr const char* kSingle = "model.safetensors";
  constexpr const char* kIndex = "model.safetensors.index.json";
  std::vector<fs::path> names;
  std::error_code code;
  for (const char* part : {"", "additional_chat_templates"}) {
    for (fs::directory_iterator i(folder / part, code), end; !code && i != end; i.increment(code)) {
      if (i->is_regular_file() && IsSmallKind(i->path())) names.push_back(part / i->path().filename());
    }
  }
  std::sort(names.begin(), names.end());
  if (fs::exists(folder / kSingle, code)) {
    names.emplace_back(kSingle);
  } else if (fs::exists(folder / kIndex, code)) {
    for (const std::string& shard : hub::ShardsOf(folder / kIndex)) names.emplace_back(shard);
  }
  return names;
}

}  // namespace headspec::sweep
