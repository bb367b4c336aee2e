// A file seen as bytes: mapped read-only, so a page is read from disk when it is first touched and the
// kernel may drop it again. Owns the mapping; the spans it hands out live as long as it does, also after
// it is moved. Checkpoint holds one per shard. It knows nothing about what the bytes mean, and it cannot
// protect a reader from another program that shortens the file while it is mapped.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace headspec::checkpoint {

class MappedFile {
 public:
  // Throws Error(kSystem) when the file is missing or unreadable, Error(kInput) when it is not a file.
  static MappedFile Open(const std::filesystem::path& path);

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return bytes_; }
  const std::filesystem::path& path() const { return path_; }

  // Advice for a part of bytes(); results are the same without it. WillNeed reads every page the
  // part touches and maps it, and may take as long as that. DontNeed gives back the pages that lie wholly
  // inside the part, since the neighbours of a tensor may still be in use; reading them again is allowed and
  // maps them again.
  void WillNeed(std::span<const std::byte> part) const;
  void DontNeed(std::span<const std::byte> part) const;
  // After DontNeed: takes the part out of the system's file cache too, so that a file larger than memory
  // does not push everything else out.
  void DropFromCache(std::span<const std::byte> part) const;

 private:
  MappedFile(std::filesystem::path path, std::span<const std::byte> bytes);
  bool Holds(std::span<const std::byte> part) const;

  std::filesystem::path path_;
  std::span<const std::byte> bytes_;  // empty for a zero-length file, which has no mapping
};

}  // namespace headspec::checkpoint
