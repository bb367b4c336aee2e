#include "hub/download.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/file_descriptor.h"
#include "core/hash.h"
#include "core/host.h"
#include "core/text.h"
#include "hub/background_hash.h"
#include "hub/blob_lock.h"
#include "hub/excerpt.h"
#include "hub/lock_reach.h"

namespace headspec::hub {
namespace fs = std::filesystem;
namespace {

constexpr std::chrono::milliseconds kLockPause{200};
// Written at once, as libcurl's own pieces are small and odd; and hashed at once, by another thread.
constexpr std::size_t kPiece = std::size_t{1} << 16;
constexpr std::size_t kBlock = std::size_t{1} << 20;
constexpr std::uint64_t kSentAtOnce = std::uint64_t{16} << 20;  // to the disk
constexpr std::uint64_t kMostOverPlainHttp = 50'000'000'000;    // as the Python library refuses

bool IsThere(const fs::path& file) {
  std::error_code code;
  return fs::exists(file, code);
}

std::uint64_t SizeOf(const fs::path& file) {
  std::error_code code;
  const auto size = fs::file_size(file, code);
  return code ? 0 : size;
}

Hasher HasherFor(const RemoteFile& file) {
  return file.etag.size() == 64 ? Hasher(HashKind::kSha256) : GitBlobHasher(file.bytes);
}

class BlobDownload final : public Exchange {
 public:
  // `own`, where no lock keeps others out: what makes the partial file's name one that they do not write to.
  BlobDownload(const Line& line, const Repository& repository, const std::string& commit, RemoteFile file,
               const std::string& own)
      : Exchange(line, file.name, line.model.FileUrl(commit, file.name)),
        file_(std::move(file)),
        blob_(repository.Blob(file_.etag)),
        partial_(repository.Incomplete(file_.etag + own)),
        is_own_(!own.empty()),
        lock_(repository.Lock(file_.etag)),
        hash_(HasherFor(file_)) {}
  // What arrived is kept, whatever ended the download. The future waits for its thread: Ctrl-C must not have
  // to wait for gigabytes.
  ~BlobDownload() override {
    if (out_ && !done()) (void)Write();
    abandoned_ = true;
  }

  const fs::path& partial() const { return partial_; }

 private:
  bool Prepare(Clock::time_point now) override;
  Request Ask() const override {
    return {.from = offset_, .timeout = line().model.settings.download_timeout};
  }
  void Begin(const Answer& answer) override;
  void Take(std::string_view bytes) override;
  void Complete(const Answer& answer) override;
  bool Recover(const Answer& answer) override;

  bool Lock(Clock::time_point now);
  void OpenPartial();
  bool HashesArrived();
  void StartOver();
  bool Write();  // what is pending; false with errno set if that failed
  void Flush();
  void Publish();
  void TakeName();
  [[noreturn]] void FailWrite(int error) const;

  RemoteFile file_;
  fs::path blob_;
  fs::path partial_;
  bool is_own_;
  BlobLock lock_;
  BackgroundHash hash_;
  std::optional<FileDescriptor> out_;
  std::atomic<bool> abandoned_ = false;
  std::future<Hasher> hashing_;  // of what an earlier try left
  std::uint64_t offset_ = 0;     // bytes in the partial file
  std::string block_;            // the last bytes that arrived, not handed to hash_ yet
  std::size_t written_ = 0;      // of them, in the partial file
  std::uint64_t sent_ = 0;       // bytes of the partial file on their way to the disk
  bool locked_ = false;
  bool told_of_lock_ = false;
  bool differed_ = false;  // the bytes were wrong once already
  Clock::time_point lock_again_{};
};

bool BlobDownload::Prepare(Clock::time_point now) {
  if (!Lock(now)) return false;
  if (!out_) {
    if (IsThere(blob_)) {  // another process was faster
      line().progress.Advance(static_cast<std::int64_t>(file_.bytes));
      lock_.Release();
      Finish();
      return true;
    }
    OpenPartial();
  }
  if (!HashesArrived()) return false;
  Flush();
  if (offset_ == file_.bytes) Publish();
  return !done() && offset_ < file_.bytes;
}

bool BlobDownload::Lock(Clock::time_point now) {
  if (locked_) return true;
  if (now < lock_again_) return false;
  const BlobLock::State state = lock_.Try();
  locked_ = state != BlobLock::State::kTaken;
  if (!told_of_lock_ &&
      (state == BlobLock::State::kTaken || (state == BlobLock::State::kImpossible && !is_own_))) {
    told_of_lock_ = true;
    line().progress.Note(fmt::format(
        "{}: {}: {}", line().model.model, file_.name,
        locked_ ? "the file system of the cache has no locks: let no other process download it meanwhile"
                : "another process is downloading it; waiting"));
  }
  lock_again_ = now + kLockPause;
  return locked_;
}

void BlobDownload::OpenPartial() {
  std::error_code code;
  fs::create_directories(partial_.parent_path(), code);
  out_.emplace(::open(partial_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (out_->value() < 0) FailWrite(errno);
  const std::uint64_t left = SizeOf(partial_);
  if (left > file_.bytes) {
    StartOver();
  } else if (left > 0) {
    hashing_ = std::async(std::launch::async, [this, hasher = HasherFor(file_)]() mutable {
      AddFile(partial_, hasher, [this](std::size_t) {
        if (abandoned_) throw Error(ErrorKind::kInterrupted, "interrupted");  // nobody waits for it
      });
      return std::move(hasher);
    });
  }
}

// False while what an earlier try left is still being read.
bool BlobDownload::HashesArrived() {
  if (!hashing_.valid()) return true;
  if (hashing_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return false;
  hash_ = BackgroundHash(hashing_.get());
  offset_ = sent_ = SizeOf(partial_);
  if (::lseek(out_->value(), static_cast<off_t>(offset_), SEEK_SET) < 0) FailWrite(errno);
  line().progress.Advance(static_cast<std::int64_t>(offset_));
  return true;
}

void BlobDownload::StartOver() {
  if (::ftruncate(out_->value(), 0) != 0 || ::lseek(out_->value(), 0, SEEK_SET) < 0) FailWrite(errno);
  line().progress.Advance(-static_cast<std::int64_t>(offset_ + block_.size() - written_));
  offset_ = sent_ = 0;
  written_ = 0;
  block_.clear();
  hash_ = BackgroundHash(HasherFor(file_));
}

void BlobDownload::Begin(const Answer& answer) {
  if (answer.status != 206 && offset_ > 0) StartOver();  // the server sends all of it
  std::uint64_t announced = file_.bytes;
  std::string size = answer.Header("content-length");
  if (answer.status == 206) {
    const std::string range = answer.Header("content-range");
    const std::string expected = fmt::format("bytes {}-", offset_);
    if (!range.starts_with(expected)) {
      throw Error(ErrorKind::kSystem,
                  fmt::format("{}: {}: expected Content-Range {}..., found \"{}\"", line().model.model,
                              file_.name, expected, Excerpt(range)),
                  fmt::format("remove {} and try again", partial_.string()));
    }
    size = range.substr(range.rfind('/') + 1);
  }
  std::from_chars(size.data(), size.data() + size.size(), announced);
  if (announced != file_.bytes) {
    throw Error(ErrorKind::kSystem,
                fmt::format("{}: {}: expected {} bytes, the server sends {}", line().model.model, file_.name,
                            file_.bytes, announced),
                "the file may be changing just now, or a proxy changes it: try again later");
  }
}

void BlobDownload::Take(std::string_view bytes) {
  if (bytes.size() > file_.bytes - offset_ - (block_.size() - written_)) {
    throw Error(
        ErrorKind::kSystem,
        fmt::format("{}: {}: expected {} bytes, more arrive", line().model.model, file_.name, file_.bytes),
        "try again later");
  }
  if (block_.empty()) block_.reserve(kBlock + bytes.size());
  block_ += bytes;
  const bool is_full = block_.size() >= kBlock;
  if (is_full || block_.size() - written_ >= kPiece) Flush();
  if (is_full) {
    hash_.Add(std::exchange(block_, {}));
    written_ = 0;
  }
  line().progress.Advance(static_cast<std::int64_t>(bytes.size()));
  ResetTries();
}

bool BlobDownload::Write() {
  while (written_ < block_.size()) {
    const ssize_t written = ::write(out_->value(), block_.data() + written_, block_.size() - written_);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    written_ += static_cast<std::size_t>(written);
    offset_ += static_cast<std::uint64_t>(written);
  }
  return true;
}

void BlobDownload::Flush() {
  if (written_ == block_.size()) return;
  if (!Write()) FailWrite(errno);
#ifdef __linux__
  // On its way to the disk while more arrives, so that Publish need not wait for all of it.
  if (offset_ - sent_ < kSentAtOnce) return;
  (void)::sync_file_range(out_->value(), static_cast<off_t>(sent_), static_cast<off_t>(offset_ - sent_),
                          SYNC_FILE_RANGE_WRITE);
  sent_ = offset_;
#endif
}

void BlobDownload::Complete(const Answer&) {
  Flush();
  if (offset_ == file_.bytes) return Publish();
  const std::string arrived = fmt::format("{} of {} bytes arrived", offset_, file_.bytes);
  Retry(arrived, std::chrono::seconds(0),
        [&] { FailTransfer(line().model, file_.name, url(), Fault::kConnection, arrived); });
}

// The server has no bytes where the partial file ends.
bool BlobDownload::Recover(const Answer& answer) {
  if (answer.status != 416 || offset_ == 0) return false;
  StartOver();
  ForgetRedirects();
  return true;
}

void BlobDownload::Publish() {
  hash_.Add(std::exchange(block_, {}));
  written_ = 0;
  const std::string found = hash_.Hex();
  if (found != file_.etag) {
    StartOver();
    ForgetRedirects();
    const std::string difference = fmt::format(
        "expected {} {}, received {}", file_.etag.size() == 64 ? "sha256" : "git sha1", file_.etag, found);
    if (std::exchange(differed_, true)) {
      throw Error(
          ErrorKind::kSystem, fmt::format("{}: {}: {}, twice", line().model.model, file_.name, difference),
          "nothing of it was kept; a proxy or a mirror changes the bytes: try another network or endpoint");
    }
    line().progress.Note(
        fmt::format("{}: {}: {}; starting it over", line().model.model, file_.name, difference));
    return;
  }
  // The name vouches for the bytes from here on, after a loss of power too.
  if (::fdatasync(out_->value()) != 0 || out_->Close() != 0) FailWrite(errno);
  TakeName();
  lock_.Release();
  Finish();
}

// A blob that another host has put there meanwhile is not replaced: others may have it mapped, and on NFS a
// file that was replaced is lost to them.
void BlobDownload::TakeName() {
  std::error_code code;
  if (is_own_) {
    fs::create_hard_link(partial_, blob_, code);
    if (!code || code == std::errc::file_exists) {
      fs::remove(partial_, code);
      return;
    }
  }
  fs::rename(partial_, blob_, code);
  if (code) FailWrite(code.value());
}

void BlobDownload::FailWrite(int error) const {
  throw Error(
      ErrorKind::kSystem, fmt::format("cache: cannot write {} ({})", partial_.string(), std::strerror(error)),
      error == ENOSPC || error == EDQUOT ? "free some space and run it again: what arrived is kept"
                                         : "check its permissions, or name another folder with --cache-dir");
}

void RequireSpace(const Line& line, const Repository& repository, std::uint64_t needed) {
  std::error_code code;
  fs::path folder = repository.folder();
  while (!fs::exists(folder, code) && folder.has_relative_path()) folder = folder.parent_path();
  const fs::space_info space = fs::space(folder, code);
  if (code || space.available >= needed) return;
  throw Error(ErrorKind::kSystem,
              fmt::format("{}: {} to download, {} free in {}", line.model.model, AmountText(needed),
                          AmountText(space.available), repository.folder().parent_path().string()),
              "free some space, or name another folder with --cache-dir");
}

// What sets this process's partial files apart, where no lock keeps all others from downloading into this
// cache at the same time; else "".
std::string OwnSuffix(const Line& line, const Repository& repository) {
  const LockFacts facts = ReachOf(repository.folder());
  if (!facts.is_shared || facts.reach == LockReach::kAllHosts) return "";
  line.progress.Note(
      fmt::format("{}: {}; another host may download the same files meanwhile, which costs time and no harm",
                  line.model.model, facts.why));
  return facts.reach == LockReach::kThisHost ? "." + HostName()
                                             : fmt::format(".{}-{}", HostName(), ::getpid());
}

void RequireSafeTransport(const Line& line, const RemoteFile& file) {
  if (file.bytes <= kMostOverPlainHttp || line.model.settings.endpoint.starts_with("https://")) return;
  throw Error(ErrorKind::kSystem,
              fmt::format("{}: {}: {} over plain HTTP are refused", line.model.model, file.name,
                          AmountText(file.bytes)),
              "use an endpoint with https");
}

}  // namespace

void DownloadBlobs(const Line& line, const Repository& repository, const std::string& commit,
                   const std::vector<RemoteFile>& files) {
  std::vector<RemoteFile> missing;
  std::set<std::string> seen;  // equal files share a blob
  std::uint64_t total = 0;
  for (const RemoteFile& file : files) {
    if (IsThere(repository.Blob(file.etag)) || !seen.insert(file.etag).second) continue;
    RequireSafeTransport(line, file);
    total += file.bytes;
    missing.push_back(file);
  }
  if (missing.empty()) return;
  const std::string own = OwnSuffix(line, repository);
  std::vector<std::unique_ptr<Exchange>> all;
  std::uint64_t needed = 0;
  for (const RemoteFile& file : missing) {
    auto download = std::make_unique<BlobDownload>(line, repository, commit, file, own);
    needed += file.bytes - std::min(file.bytes, SizeOf(download->partial()));
    all.push_back(std::move(download));
  }
  RequireSpace(line, repository, needed);
  line.progress.Begin("downloading", static_cast<std::int64_t>(total), WorkUnit::kBytes);
  try {
    RunAll(all, line, line.model.settings.parallel);
  } catch (const HubRefusal& refusal) {
    // What breaks off in the middle is no reason to take an older snapshot.
    throw Error(refusal.kind(), refusal.what());
  }
  line.progress.End();
}

}  // namespace headspec::hub
