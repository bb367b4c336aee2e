#include "hub/discard.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "hub/blob_lock.h"
#include "hub/fetch.h"
#include "hub/model_files.h"

namespace headspec::hub {
namespace fs = std::filesystem;
namespace {

// Everything below the folder that is no folder itself, links not followed; relative names.
std::set<std::string> FilesIn(const fs::path& folder) {
  std::set<std::string> names;
  std::error_code failed;
  if (fs::is_symlink(folder, failed)) return names;
  for (fs::recursive_directory_iterator i(folder, failed), end; !failed && i != end; i.increment(failed)) {
    std::error_code code;
    if (i->is_symlink(code) || !i->is_directory(code))
      names.insert(i->path().lexically_relative(folder).string());
  }
  return names;
}

void RemoveFile(const fs::path& file) {
  std::error_code code;
  fs::remove(file, code);
  if (!code) return;
  throw Error(ErrorKind::kSystem, fmt::format("cache: cannot remove {} ({})", file.string(), code.message()),
              "check its permissions, or keep downloaded models");
}

// Folders that nothing is left in, the deepest first, `folder` itself too.
void RemoveEmptyFolders(const fs::path& folder) {
  std::error_code code;
  if (fs::is_symlink(folder, code) || !fs::is_directory(folder, code)) return;
  std::set<fs::path> below;
  for (fs::directory_iterator i(folder, code), end; !code && i != end; i.increment(code))
    below.insert(i->path());
  for (const fs::path& path : below) RemoveEmptyFolders(path);
  fs::remove(folder, code);  // fails where something is left
}

// The blob that a file of a snapshot is a link to; "" where it is none of this repository's.
std::string BlobOf(const fs::path& link, const fs::path& blobs) {
  std::error_code code;
  const fs::path target = fs::read_symlink(link, code);
  if (code) return "";
  const fs::path place = (link.parent_path() / target).lexically_normal();
  return place.parent_path() == blobs.lexically_normal() ? place.filename().string() : "";
}

}  // namespace

CacheRecord::CacheRecord(Repository repository, std::string commit)
    : repository_(std::move(repository)),
      commit_(std::move(commit)),
      links_(FilesIn(repository_.Snapshot(commit_))),
      blobs_(FilesIn(repository_.folder() / "blobs")),
      refs_(FilesIn(repository_.folder() / "refs")) {
  std::error_code code;
  has_notes_ = fs::exists(repository_.folder() / ".no_exist" / commit_, code);
  was_there_ = fs::exists(repository_.folder(), code);
}

std::set<std::string> CacheRecord::NewLinks() const {
  std::set<std::string> names;
  for (const std::string& name : FilesIn(repository_.Snapshot(commit_))) {
    if (!links_.contains(name) && IsFetchedName(name)) names.insert(name);
  }
  return names;
}

CacheRecord::Outcome CacheRecord::Remove(const fs::path& download_lock) const {
  if (NewLinks().empty()) return Outcome::kNothing;
  BlobLock use(repository_.UseLock(commit_));
  BlobLock turn(download_lock);
  // Without locks nobody knows who reads: the files stay.
  if (use.Try() != BlobLock::State::kHeld) return Outcome::kInUse;
  if (!download_lock.empty() && turn.Try() != BlobLock::State::kHeld) return Outcome::kInUse;
  const fs::path folder = repository_.folder();
  const fs::path snapshot = repository_.Snapshot(commit_);
  std::set<std::string> blobs;
  for (const std::string& name : NewLinks()) {
    const std::string blob = BlobOf(snapshot / name, folder / "blobs");
    if (!blob.empty() && !blobs_.contains(blob)) blobs.insert(blob);
    RemoveFile(snapshot / name);
  }
  for (const std::string& name : FilesIn(folder / "snapshots"))
    blobs.erase(BlobOf(folder / "snapshots" / name, folder / "blobs"));
  for (const std::string& blob : blobs) RemoveFile(folder / "blobs" / blob);
  RemoveEmptyFolders(snapshot);
  std::error_code code;
  if (fs::exists(snapshot, code)) return Outcome::kRemoved;
  for (const std::string& ref : FilesIn(folder / "refs")) {
    if (!refs_.contains(ref) && repository_.CommitOf(ref) == commit_) RemoveFile(folder / "refs" / ref);
  }
  if (!has_notes_) fs::remove_all(folder / ".no_exist" / commit_, code);
  if (!was_there_) RemoveEmptyFolders(folder);
  return Outcome::kRemoved;
}

}  // namespace headspec::hub
