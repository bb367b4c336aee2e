// Hashes of files: from the names that a hub cache gives its blobs, from what an earlier run remembered, or
// computed. It knows files only; which of them belong to a model is in subject_files.h.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/progress.h"
#include "headspec/result.h"

namespace headspec::experiment {

// Tells the versions of a file apart without reading it.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t bytes = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;  // of the content or of what is known about it; cannot be set at will

  bool operator==(const FileStamp&) const = default;
};

// Of the file that `path` leads to; nothing if that is not a regular file.
std::optional<FileStamp> StampOf(const std::filesystem::path& path);
bool IsSameFile(const FileStamp& a, const FileStamp& b);   // one inode, whatever happened to it
bool IsUnwritten(const FileStamp& a, const FileStamp& b);  // nothing written between the two; size and time

// "sha256:<64 hex>" or "git-sha1:<40 hex>" if folder/name is a link to that name among the blobs of the hub
// cache that `folder` is a snapshot of; else "".
std::string HashInBlobName(const std::filesystem::path& folder, const std::string& name);

// The same words, computed from the bytes. Files are spread over `threads` (0: all); one is not split. Shows
// progress in bytes. Throws Error(kInterrupted) when cancelled and Error(kSystem) on what cannot be read.
struct FileToHash {
  std::filesystem::path path;
  std::uint64_t bytes = 0;
  bool as_git_blob = false;
};
std::vector<std::string> HashFiles(const std::vector<FileToHash>& files, int threads, Progress& progress);

// What the files that `records` name have in `folder` now, in the algorithm that each record states: read
// again, whatever names and memory say. Throws as HashFiles does, for a missing file too.
std::vector<std::string> RecomputeHashes(const std::filesystem::path& folder,
                                         const std::vector<FileRecord>& records, int threads,
                                         Progress& progress);

// Reading fewer bytes again is no work worth remembering.
constexpr std::uint64_t kWorthRemembering = std::uint64_t{1} << 20;

// The SHA-256 that a run remembered of exactly this version of a file; "" if none did.
std::string RememberedSha256(const std::filesystem::path& path, const FileStamp& stamp);
// `stamp` is from before the bytes were read, `now_ns` too. A file that had changed within two seconds before
// is not remembered: its clock may be too coarse to show that it changes once more.
void RememberSha256(const std::filesystem::path& path, const FileStamp& stamp, const std::string& hash,
                    std::int64_t now_ns);

}  // namespace headspec::experiment
