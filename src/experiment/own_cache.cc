#include "experiment/own_cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include "core/file_descriptor.h"
#include "core/hash.h"
#include "core/host.h"

namespace headspec::experiment {
namespace fs = std::filesystem;
namespace {

fs::path AbsoluteFrom(const char* name) {
  const char* value = std::getenv(name);
  const fs::path path = value == nullptr ? "" : value;
  return path.is_absolute() ? path : fs::path();
}

std::string HeadOf(std::string_view kind, std::string_view content) {
  return fmt::format("{}\nsha256 {}\n", kind, HexHash(HashKind::kSha256, content));
}

std::string Damaged(std::string_view why) { return fmt::format("is damaged ({})", why); }
std::string Unreadable(int error) { return fmt::format("cannot be read ({})", std::strerror(error)); }

bool WriteAll(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// errno of what failed, or 0.
int WriteNewFile(const fs::path& path, std::string_view head, std::string_view content) {
  FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (file.value() < 0) return errno;
  if (!WriteAll(file.value(), head) || !WriteAll(file.value(), content)) return errno;
  if (::fsync(file.value()) != 0) return errno;
  return file.Close() == 0 ? 0 : errno;
}

// So that a renamed file is found after a loss of power too. Some file systems cannot; no harm.
void SyncFolder(const fs::path& folder) {
  const FileDescriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.value() >= 0) (void)::fsync(opened.value());
}

}  // namespace

fs::path OwnCacheFolder() {
  if (const fs::path own = AbsoluteFrom("HEADSPEC_CACHE"); !own.empty()) return own;
  if (const fs::path caches = AbsoluteFrom("XDG_CACHE_HOME"); !caches.empty()) return caches / "headspec";
  const fs::path home = AbsoluteFrom("HOME");
  return home.empty() ? home : home / ".cache" / "headspec";
}

fs::path OwnCacheFile(std::string_view folder, std::string_view key) {
  const fs::path cache = OwnCacheFolder();
  return cache.empty() ? cache : cache / folder / HexHash(HashKind::kSha256, key);
}

KeptText ReadKept(const fs::path& file, std::string_view kind, std::uint64_t most_bytes) {
  // O_NONBLOCK: opening a named pipe must not wait for a writer.
  const FileDescriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (in.value() < 0) return {{}, errno == ENOENT || errno == ENOTDIR ? "" : Unreadable(errno)};
  struct stat status = {};
  if (::fstat(in.value(), &status) != 0) return {{}, Unreadable(errno)};
  if (S_ISDIR(status.st_mode)) return {{}, Damaged("a folder, not a file")};
  if (!S_ISREG(status.st_mode)) return {{}, Damaged("a device or pipe, not a file")};
  const std::size_t head_bytes = HeadOf(kind, "").size();
  if (static_cast<std::uint64_t>(status.st_size) > most_bytes + head_bytes) {
    return {{}, Damaged("larger than it can be")};
  }
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t got = ::read(in.value(), bytes.data() + have, bytes.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return {{}, Unreadable(errno)};
    if (got == 0) break;  // cut meanwhile
    have += static_cast<std::size_t>(got);
  }
  bytes.resize(have);
  if (!bytes.starts_with(fmt::format("{}\n", kind))) return {{}, Damaged("not of this format")};
  if (bytes.size() < head_bytes) return {{}, Damaged("cut short")};
  std::string content = bytes.substr(head_bytes);
  if (!bytes.starts_with(HeadOf(kind, content))) return {{}, Damaged("checksum differs")};
  return {std::move(content), ""};
}

std::string WriteKept(const fs::path& file, std::string_view kind, std::string_view content) {
  std::error_code failed;
  fs::create_directories(file.parent_path(), failed);
  if (failed) return failed.message();
  static std::atomic<int> count{0};
  const fs::path beside = file.parent_path() / fmt::format(".{}.partial-{}-{}-{}", file.filename().string(),
                                                           HostName(), ::getpid(), count++);
  // Left by a killed run of this host that had this process id.
  (void)::unlink(beside.c_str());
  int error = WriteNewFile(beside, HeadOf(kind, content), content);
  if (error == 0 && ::rename(beside.c_str(), file.c_str()) != 0) error = errno;
  if (error == 0) {
    SyncFolder(file.parent_path());
    return "";
  }
  (void)::unlink(beside.c_str());
  return std::strerror(error);
}

}  // namespace headspec::experiment
