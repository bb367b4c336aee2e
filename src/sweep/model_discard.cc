#include "sweep/model_discard.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "experiment/subject.h"
#include "hub/fetch.h"
#include "sweep/cell.h"

namespace headspec::sweep {
namespace fs = std::filesystem;
namespace {

bool IsOnHub(const ModelEntry& entry) {
  std::error_code code;
  return entry.path.empty() && !fs::is_directory(entry.name, code) && hub::IsModelName(entry.name) &&
         hub::IsCommit(entry.revision);
}

std::string KeyOf(const ModelEntry& entry) { return entry.name + "@" + entry.revision; }

}  // namespace

ModelDiscard::Use::Use(fs::path lock) : lock_(std::move(lock)) {
  try {
    (void)lock_.Try(hub::BlobLock::Share::kYes);
  } catch (const Error&) {
    // A cache that nobody here can write to: nothing is removed from it either.
  }
}

std::unique_ptr<ModelDiscard::Use> ModelDiscard::Begin(const SweepCell& cell, const HubOptions& hub) {
  if (!IsOnHub(cell.entry)) return nullptr;
  const std::string& commit = cell.entry.revision;
  const hub::Repository repository(experiment::SettingsOf(hub).cache, cell.entry.name);
  auto use = std::make_unique<Use>(repository.UseLock(commit));
  revisions_.try_emplace(KeyOf(cell.entry), Revision{.model = cell.entry.name,
                                                     .commit = commit,
                                                     .before = hub::CacheRecord(repository, commit),
                                                     .download_lock = hub.download_lock});
  return use;
}

bool ModelDiscard::Remove(const Revision& revision, Observer& observer) {
  try {
    const auto outcome = revision.before.Remove(revision.download_lock);
    if (outcome == hub::CacheRecord::Outcome::kRemoved) {
      observer.OnNote(fmt::format("{} at {}: removed from the cache, as it was downloaded for this sweep",
                                  revision.model, revision.commit.substr(0, 12)));
    }
    return outcome != hub::CacheRecord::Outcome::kInUse;
  } catch (const Error& e) {
    observer.OnNote(e.what());
    return true;
  }
}

void ModelDiscard::RemoveDone(const SweepPlan& plan, const fs::path& sweep, Observer& observer) {
  std::erase_if(revisions_, [&](const auto& item) {
    const bool is_needed = std::any_of(plan.cells.begin(), plan.cells.end(), [&](const SweepCell& cell) {
      return cell.entry.name == item.second.model && cell.entry.revision == item.second.commit &&
             !IsMeasured(sweep, cell);
    });
    return !is_needed && Remove(item.second, observer);
  });
}

void ModelDiscard::RemoveAll(Observer& observer) {
  std::erase_if(revisions_, [&](const auto& item) { return Remove(item.second, observer); });
}

}  // namespace headspec::sweep
