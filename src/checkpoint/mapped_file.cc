#include "checkpoint/mapped_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <cstdint>
#include <functional>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "core/file_descriptor.h"

namespace headspec::checkpoint {
namespace {

Error Failure(const std::filesystem::path& path, const char* action, int code) {
  const char* next = "check the disk and try again";
  if (code == ENOENT || code == ENOTDIR) next = "check the path, or download the file again";
  if (code == EACCES || code == EPERM) next = "give yourself read permission";
  if (code == ENOMEM) next = "raise the address space limit (ulimit -v)";
  const std::string reason = std::generic_category().message(code);
  return Error(ErrorKind::kSystem, fmt::format("{}: cannot {}: {}", path.string(), action, reason), next);
}

std::uintptr_t PageSize() {
  static const auto size = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  return size;
}

// Advice for the pages from `first`, a page address, to the one that holds the byte before `last`.
void Advise(std::uintptr_t first, std::uintptr_t last, int advice) {
  if (first >= last) return;
  // Refused advice changes speed and memory, never a result, so its return value is of no use to anybody.
  (void)madvise(reinterpret_cast<void*>(first), last - first, advice);
}

}  // namespace

MappedFile MappedFile::Open(const std::filesystem::path& path) {
  // O_NONBLOCK: opening a named pipe must not wait for a writer.
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.value() < 0) throw Failure(path, "open", errno);
  struct stat status = {};
  if (fstat(file.value(), &status) != 0) throw Failure(path, "stat", errno);
  if (!S_ISREG(status.st_mode)) {
    const char* found = S_ISDIR(status.st_mode) ? "a folder" : "a device or pipe";
    throw Error(ErrorKind::kInput, fmt::format("{}: expected a file, found {}", path.string(), found),
                "remove it and download the file again");
  }
  const auto length = static_cast<std::size_t>(status.st_size);
  if (length == 0) return MappedFile(path, {});
  void* address = mmap(nullptr, length, PROT_READ, MAP_PRIVATE, file.value(), 0);
  if (address == MAP_FAILED) throw Failure(path, "map", errno);
  return MappedFile(path, {static_cast<const std::byte*>(address), length});
}

MappedFile::MappedFile(std::filesystem::path path, std::span<const std::byte> bytes)
    : path_(std::move(path)), bytes_(bytes) {}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)), bytes_(std::exchange(other.bytes_, {})) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  // The old mapping leaves with `other`.
  std::swap(path_, other.path_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

bool MappedFile::Holds(std::span<const std::byte> part) const {
  const std::less_equal<const std::byte*> not_after;
  return not_after(bytes_.data(), part.data()) &&
         not_after(part.data() + part.size(), bytes_.data() + bytes_.size());
}

void MappedFile::WillNeed(std::span<const std::byte> part) const {
  if (part.empty()) return;
  assert(Holds(part));
  const auto begin = reinterpret_cast<std::uintptr_t>(part.data());
  Advise(begin / PageSize() * PageSize(), begin + part.size(), MADV_WILLNEED);
#ifdef MADV_POPULATE_READ
  // Maps the pages at once, where the kernel can (Linux 5.14): a fault for every few costs more.
  Advise(begin / PageSize() * PageSize(), begin + part.size(), MADV_POPULATE_READ);
#endif
}

void MappedFile::DontNeed(std::span<const std::byte> part) const {
  if (part.empty()) return;
  assert(Holds(part));
  const auto begin = reinterpret_cast<std::uintptr_t>(part.data());
  const auto end = begin + part.size();
  const bool to_the_end = part.data() + part.size() == bytes_.data() + bytes_.size();
  const auto last = to_the_end ? end : end / PageSize() * PageSize();
  Advise((begin + PageSize() - 1) / PageSize() * PageSize(), last, MADV_DONTNEED);
}

void MappedFile::DropFromCache(std::span<const std::byte> part) const {
  if (part.empty()) return;
  assert(Holds(part));
  const FileDescriptor file(open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.value() < 0) return;
  (void)posix_fadvise(file.value(), part.data() - bytes_.data(), static_cast<off_t>(part.size()),
                      POSIX_FADV_DONTNEED);
}

}  // namespace headspec::checkpoint
