#include "hub/fetch.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "core/error.h"
#include "hub/cache.h"
#include "hub/download.h"
#include "hub/download_turn.h"
#include "hub/exchange.h"
#include "hub/model_files.h"
#include "hub/remote.h"

namespace headspec::hub {
namespace fs = std::filesystem;
namespace {

// The named files into the snapshot: asked for, downloaded, linked. Who removes another snapshot meanwhile
// may take a blob away between the last two: then once more.
void Bring(const Line& line, const Repository& repository, const std::string& commit,
           std::vector<std::string> names) {
  constexpr int kMostTries = 3;
  for (int i = 0; i < kMostTries; ++i) {
    std::erase_if(names, [&](const std::string& name) { return repository.HasFile(commit, name); });
    if (names.empty()) return;
    const std::vector<RemoteFile> files = FetchMetadata(line, commit, names);
    DownloadBlobs(line, repository, commit, files);
    for (const RemoteFile& file : files) repository.Link(commit, file.name, file.etag);
  }
}

// That the hub does not have it. A whole snapshot in a cache that only others may write needs no such note.
void Remember(const Repository& repository, const std::string& commit, const std::string& absent) {
  try {
    repository.MarkAbsent(commit, absent);
  } catch (const Error&) {
  }
}

Snapshot SnapshotOf(const Repository& repository, const std::string& commit) {
  return {repository.Snapshot(commit), repository.model(), commit, {}};
}

std::vector<std::string> Missing(const Repository& repository, const std::string& commit, bool may_ask) {
  return MissingParts(repository.Snapshot(commit), [&](const std::string& file) {
    return may_ask && !repository.IsKnownAbsent(commit, file);
  });
}

Snapshot Download(const ModelName& name, const Repository& repository, const Settings& settings,
                  Progress& progress) {
  const RemoteModel remote{settings, name.model, name.revision};
  HttpClient client(settings.user_agent, settings.ca_bundle);
  const Line line{remote, client, progress};
  const Listing listing = FetchListing(line);
  const std::string& commit = listing.commit;
  RequireMeasurable(remote, listing);
  Bring(line, repository, commit, SmallFiles(listing.files));
  for (const std::string_view file : kTokenizerFiles) {
    if (!HoldsFile(listing.files, file)) Remember(repository, commit, std::string(file));
  }
  Bring(line, repository, commit,
        HoldsFile(listing.files, kWeightsFile) ? std::vector<std::string>{std::string(kWeightsFile)}
                                               : ShardsOf(repository.Snapshot(commit) / kShardIndexFile));
  repository.WriteRef(name.revision, commit);  // last: a reference leads to whole snapshots only
  return SnapshotOf(repository, commit);
}

// The cached snapshot, if it is whole.
std::optional<Snapshot> Cached(const ModelName& name, const Repository& repository, bool may_ask) {
  const auto commit = repository.CommitOf(name.revision);
  if (!commit || !Missing(repository, *commit, may_ask).empty()) return std::nullopt;
  return SnapshotOf(repository, *commit);
}

Snapshot RequireCached(const ModelName& name, const Repository& repository, const Settings& settings) {
  const auto commit = repository.CommitOf(name.revision);
  const std::string next = "run it once without it, or give a folder";
  const std::string where = repository.folder().parent_path().string();
  if (!commit) {
    throw Error(
        ErrorKind::kSystem,
        fmt::format(
            "{}: no such folder here, no revision \"{}\" of it in the cache {}, and {} forbids to ask "
            "the hub",
            name.model, name.revision, where, settings.offline_reason),
        next);
  }
  const auto missing = Missing(repository, *commit, false);
  if (!missing.empty()) {
    throw Error(
        ErrorKind::kSystem,
        fmt::format("{}: the cached snapshot {} lacks {}, and {} forbids to ask the hub", name.model,
                    repository.Snapshot(*commit).string(), fmt::join(missing, ", "), settings.offline_reason),
        next);
  }
  return SnapshotOf(repository, *commit);
}

}  // namespace

bool IsModelName(const std::string& text) {
  const auto at = text.find('@');
  return IsModelId(text.substr(0, at)) && (at == std::string::npos || IsSafeFileName(text.substr(at + 1)));
}

ModelName ParseModelName(const std::string& text, const std::string& revision) {
  const auto at = text.find('@');
  ModelName name{text.substr(0, at), at == std::string::npos ? revision : text.substr(at + 1)};
  if (!IsModelId(name.model)) {
    throw Error(ErrorKind::kInput, fmt::format("\"{}\": expected org/name or org/name@revision", text),
                "write it as on its page on the hub");
  }
  if (!IsSafeFileName(name.revision)) {
    throw Error(ErrorKind::kInput, fmt::format("{}: \"{}\" is no revision", name.model, name.revision),
                "give a branch, a tag, a commit or refs/pr/N");
  }
  return name;
}

Snapshot Locate(const ModelName& name, const Settings& settings, Progress& progress) {
  const Repository repository(settings.cache, name.model);
  if (!settings.offline_reason.empty()) return RequireCached(name, repository, settings);
  if (const auto cached = Cached(name, repository, true)) return *cached;
  if (settings.download_lock.empty()) return Fetch(name, settings, progress);
  const DownloadTurn turn(settings.download_lock, progress);
  if (const auto cached = Cached(name, repository, true)) return *cached;
  return Fetch(name, settings, progress);
}

Snapshot Fetch(const ModelName& name, const Settings& settings, Progress& progress) {
  const Repository repository(settings.cache, name.model);
  if (!settings.offline_reason.empty()) return RequireCached(name, repository, settings);
  if (IsCommit(name.revision)) {
    if (const auto cached = Cached(name, repository, true)) return *cached;
  }
  try {
    return Download(name, repository, settings, progress);
  } catch (const HubRefusal& refusal) {
    if (!refusal.cache_may_help()) throw;
    auto cached = Cached(name, repository, false);
    if (!cached) throw;
    cached->notes.push_back(fmt::format("{}; the cached commit {} is used", refusal.what(), cached->commit));
    return *cached;
  }
}

}  // namespace headspec::hub
