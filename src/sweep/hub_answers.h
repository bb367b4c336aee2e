// What the hub says of models, asked once: what a commit holds never changes, so the answers about commits
// are kept in headspec's own cache. Without the hub, what the caches know.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/progress.h"
#include "hub/settings.h"
#include "hub/survey.h"

namespace headspec::sweep {

using Revision = std::pair<std::string, std::string>;  // a model, and a commit or refs/pr/N of it

class HubAnswers {
 public:
  HubAnswers(hub::Settings settings, Progress& progress)
      : settings_(std::move(settings)), progress_(progress) {}

  const hub::Settings& settings() const { return settings_; }
  bool is_offline() const { return !settings_.offline_reason.empty(); }

  // Branches and tags of each model. Offline those whose snapshot the cache has whole.
  std::map<std::string, std::vector<hub::Reference>> References(const std::vector<std::string>& models);
  // Offline: whether the cache has all of this commit that measuring reads.
  bool IsWhole(const std::string& model, const std::string& commit) const;

  // The files of each, by what was asked for.
  std::map<Revision, hub::FileListing> Files(const std::vector<Revision>& revisions);
  // The contents of small files, by their hashes.
  std::map<std::string, std::string> Contents(const std::vector<hub::SmallFile>& files);

  // True if the cache has the file's bytes already.
  bool IsCached(const std::string& model, const std::string& commit, const hub::RemoteFile& file) const;

 private:
  std::vector<hub::Reference> CachedReferences(const std::string& model) const;
  hub::FileListing CachedFiles(const std::string& model, const std::string& commit) const;

  hub::Settings settings_;
  Progress& progress_;
};

}  // namespace headspec::sweep
