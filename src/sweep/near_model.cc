#include "sweep/near_model.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <system_error>

#include "core/error.h"
#include "experiment/progress.h"
#include "experiment/subject.h"
#include "hub/cache.h"
#include "hub/fetch.h"
#include "sweep/copy_files.h"

namespace headspec::sweep {
namespace fs = std::filesystem;
namespace {

// Where the model is without a download; nothing if it is on the hub only. A folder that is none throws.
std::optional<experiment::Location> FindHere(const ModelEntry& entry, HubOptions hub, Observer& observer) {
  std::error_code code;
  const fs::path stated = entry.path.empty() ? fs::path(entry.name) : fs::path(entry.path);
  const bool may_be_remote = entry.path.empty() && !fs::is_directory(stated, code);
  if (!may_be_remote || hub.offline) return experiment::Locate(entry, hub, observer);
  HubOptions here = hub;
  here.offline = true;
  try {
    (void)experiment::Locate(entry, here, observer);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::kSystem) throw;
    return std::nullopt;
  }
  // The weights are there; what else the hub has of it is small.
  return experiment::Locate(entry, hub, observer);
}

}  // namespace

NearModel::NearModel(const ModelEntry& entry, const HubOptions& hub, const std::string& local,
                     Observer& observer)
    : original_(entry), entry_(entry), hub_(hub), folder_(local) {
  const auto here = FindHere(entry, hub, observer);
  if (!here) {
    hub_.cache_folder = folder_.path().string();
    hub_.download_lock = (OwnFolderIn(local) / "download.lock").string();
    copy_ = hub_.cache_folder;
    return;
  }
  origin_ = fs::absolute(here->folder).lexically_normal().string();
  if (here->repository.empty())
    CopyFolder(here->folder, observer);
  else
    CopySnapshot(here->folder, here->commit, observer);
}

void NearModel::CopyFolder(const fs::path& from, Observer& observer) {
  // Its own name, as messages show it.
  const fs::path to = folder_.path() / fs::path(origin_).filename();
  std::vector<FileCopy> files;
  for (const fs::path& name : FilesToCopy(from))
    files.push_back({from / name, to / name, fs::file_size(from / name)});
  experiment::ObserverProgress progress(observer);
  CopyFiles(files, progress);
  entry_.path = copy_ = to.string();
}

// As a cache of its own, in which blobs keep the names that their hashes are known by.
void NearModel::CopySnapshot(const fs::path& from, const std::string& commit, Observer& observer) {
  const hub::Repository near(folder_.path(), hub::ParseModelName(entry_.name, commit).model);
  std::map<std::string, std::string> links;  // file to blob
  std::map<fs::path, FileCopy> files;        // by place: equal files share a blob
  for (const fs::path& name : FilesToCopy(from)) {
    const fs::path blob = fs::canonical(from / name);
    const bool is_blob = fs::is_symlink(from / name) && blob.parent_path().filename() == "blobs";
    const fs::path to = is_blob ? near.Blob(blob.filename().string()) : near.Snapshot(commit) / name;
    if (is_blob) links[name.string()] = blob.filename().string();
    files[to] = {blob, to, fs::file_size(blob)};
  }
  std::vector<FileCopy> list;
  for (const auto& [to, file] : files) list.push_back(file);
  experiment::ObserverProgress progress(observer);
  CopyFiles(list, progress);
  for (const auto& [file, blob] : links) near.Link(commit, file, blob);
  entry_.revision = commit;
  hub_.cache_folder = folder_.path().string();
  hub_.offline = true;  // nothing is missing there
  copy_ = near.Snapshot(commit).string();
}

void NearModel::NameOrigin(RunResult& result) const {
  result.plan.ladder = {original_};
  for (ModelResult& model : result.models) {
    model.provenance.folder = origin_;
    if (model.error) model.error = WithOrigin(*model.error);
    for (std::string& warning : model.warnings) warning = WithOrigin(std::move(warning));
  }
}

std::string NearModel::WithOrigin(std::string text) const {
  if (origin_.empty()) return text;
  for (auto at = text.find(copy_); at != std::string::npos; at = text.find(copy_, at + origin_.size()))
    text.replace(at, copy_.size(), origin_);
  return text;
}

}  // namespace headspec::sweep
