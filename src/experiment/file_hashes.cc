#include "experiment/file_hashes.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <numeric>
#include <thread>

#include "core/error.h"
#include "core/hash.h"
#include "core/text.h"
#include "core/thread_pool.h"
#include "experiment/own_cache.h"

namespace headspec::experiment {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kRememberedKind = "headspec remembered hash, format 1";
constexpr std::int64_t kRacyNs = 2'000'000'000;

std::int64_t Nanoseconds(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

// Work on other threads, told of from this one: observers are called from the thread that called.
class ParallelHash {
 public:
  ParallelHash(const std::vector<FileToHash>& files, int threads) : files_(files), threads_(threads) {
    hashes_.resize(files.size());
    order_.resize(files.size());
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    // The largest first, or one thread would end alone with it.
    std::stable_sort(order_.begin(), order_.end(),
                     [&](std::size_t a, std::size_t b) { return files[a].bytes > files[b].bytes; });
  }

  std::vector<std::string> Run(Progress& progress) {
    std::future<void> work = std::async(std::launch::async, [this] { HashAll(); });
    try {
      while (work.wait_for(std::chrono::milliseconds(100)) != std::future_status::ready) {
        progress.Advance(done_.exchange(0));
        if (progress.Cancelled()) stop_ = true;
      }
    } catch (...) {
      stop_ = true;
      throw;  // the future waits for the threads
    }
    work.get();
    progress.Advance(done_.exchange(0));
    return std::move(hashes_);
  }

 private:
  void HashAll() {
    const int machine = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    const int count = static_cast<int>(files_.size());
    ThreadPool pool(std::min(threads_ > 0 ? threads_ : machine, count));
    pool.For(count, [this](int task) { HashOne(order_[static_cast<std::size_t>(task)]); });
  }

  void HashOne(std::size_t index) {
    const FileToHash& file = files_[index];
    Hasher hasher = file.as_git_blob ? GitBlobHasher(file.bytes) : Hasher(HashKind::kSha256);
    AddFile(file.path, hasher, [this](std::size_t bytes) {
      done_ += static_cast<std::int64_t>(bytes);
      if (stop_) throw Error(ErrorKind::kInterrupted, "interrupted: nothing was written");
    });
    hashes_[index] = std::string(file.as_git_blob ? kGitSha1Prefix : kSha256Prefix) + hasher.Hex();
  }

  const std::vector<FileToHash>& files_;
  const int threads_;
  std::vector<std::size_t> order_;
  std::vector<std::string> hashes_;
  std::atomic<std::int64_t> done_{0};
  std::atomic<bool> stop_{false};
};

// One file remembers one path: a changed file takes the place of its former self.
fs::path MemoryOf(const fs::path& path) { return OwnCacheFile("hashes", path.string()); }

std::string MemoryText(const fs::path& path, const FileStamp& stamp) {
  const std::string name = path.string();
  return fmt::format("path {} {}\nstamp {} {} {} {} {}\n", name.size(), name, stamp.device, stamp.inode,
                     stamp.bytes, stamp.modified_ns, stamp.changed_ns);
}

}  // namespace

std::optional<FileStamp> StampOf(const fs::path& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return FileStamp{static_cast<std::uint64_t>(status.st_dev), static_cast<std::uint64_t>(status.st_ino),
                   static_cast<std::uint64_t>(status.st_size), Nanoseconds(status.st_mtim),
                   Nanoseconds(status.st_ctim)};
}

bool IsSameFile(const FileStamp& a, const FileStamp& b) { return a.device == b.device && a.inode == b.inode; }

bool IsUnwritten(const FileStamp& a, const FileStamp& b) {
  return a.bytes == b.bytes && a.modified_ns == b.modified_ns;
}

std::string HashInBlobName(const fs::path& folder, const std::string& name) {
  std::error_code failed;
  if (!fs::is_symlink(folder / name, failed)) return "";
  const fs::path blob = fs::canonical(folder / name, failed);
  if (failed) return "";
  const fs::path snapshot = fs::canonical(folder, failed);
  const fs::path snapshots = snapshot.parent_path();
  if (failed || snapshots.filename() != "snapshots" ||
      blob.parent_path() != snapshots.parent_path() / "blobs")
    return "";
  const std::string hash = blob.filename().string();
  if (IsHex(hash, 64)) return std::string(kSha256Prefix) + hash;
  return IsHex(hash, 40) ? std::string(kGitSha1Prefix) + hash : "";
}

std::vector<std::string> HashFiles(const std::vector<FileToHash>& files, int threads, Progress& progress) {
  if (files.empty()) return {};
  std::int64_t total = 0;
  for (const FileToHash& file : files) total += static_cast<std::int64_t>(file.bytes);
  progress.Begin("hashing files", total, WorkUnit::kBytes);
  std::vector<std::string> hashes = ParallelHash(files, threads).Run(progress);
  progress.End();
  return hashes;
}

std::vector<std::string> RecomputeHashes(const fs::path& folder, const std::vector<FileRecord>& records,
                                         int threads, Progress& progress) {
  std::vector<FileToHash> files;
  for (const FileRecord& record : records) {
    const std::optional<FileStamp> stamp = StampOf(folder / record.name);
    if (!stamp) {
      throw Error(ErrorKind::kSystem, fmt::format("{}: no such file", (folder / record.name).string()),
                  "download the model again");
    }
    files.push_back({folder / record.name, stamp->bytes, record.hash.starts_with(kGitSha1Prefix)});
  }
  return HashFiles(files, threads, progress);
}

std::string RememberedSha256(const fs::path& path, const FileStamp& stamp) {
  const fs::path memory = MemoryOf(path);
  if (memory.empty()) return "";
  const std::string head = MemoryText(path, stamp);
  const KeptText kept = ReadKept(memory, kRememberedKind, head.size() + kSha256Prefix.size() + 64);
  if (!kept.content || !kept.content->starts_with(head)) return "";
  std::string hash = kept.content->substr(head.size());
  return hash.starts_with(kSha256Prefix) && IsHex(hash.substr(kSha256Prefix.size()), 64) ? hash : "";
}

void RememberSha256(const fs::path& path, const FileStamp& stamp, const std::string& hash,
                    std::int64_t now_ns) {
  const fs::path memory = MemoryOf(path);
  if (memory.empty() || now_ns - std::max(stamp.modified_ns, stamp.changed_ns) < kRacyNs) return;
  // A memory that cannot be written costs the next run its time and nothing else.
  (void)WriteKept(memory, kRememberedKind, MemoryText(path, stamp) + hash);
}

}  // namespace headspec::experiment
