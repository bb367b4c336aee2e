#include "experiment/fetching.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "experiment/progress.h"
#include "experiment/subject.h"
#include "hub/fetch.h"

namespace headspec::experiment {
namespace fs = std::filesystem;

std::vector<ModelEntry> NamesOf(const std::vector<std::string>& models, const std::string& revision) {
  std::vector<ModelEntry> entries;
  for (const std::string& text : models) {
    const hub::ModelName name = hub::ParseModelName(text, revision);
    ModelEntry entry;
    entry.name = entry.display = name.model;
    entry.revision = name.revision;
    entries.push_back(std::move(entry));
  }
  return entries;
}

FetchedModel FetchModel(const ModelEntry& entry, const HubOptions& hub, Observer& observer) {
  ObserverProgress progress(observer);
  const hub::Snapshot snapshot = hub::Fetch({entry.name, entry.revision}, SettingsOf(hub), progress);
  FetchedModel model{.model = entry.name,
                     .revision = entry.revision,
                     .commit = snapshot.commit,
                     .folder = snapshot.folder.string(),
                     .notes = snapshot.notes};
  std::error_code code;
  for (const auto& file : fs::recursive_directory_iterator(snapshot.folder)) {
    if (!file.is_regular_file(code)) continue;  // a link whose blob somebody removed is no file either
    model.files.push_back(fs::path(file).lexically_relative(snapshot.folder).string());
    model.bytes += file.file_size();
  }
  std::sort(model.files.begin(), model.files.end());
  return model;
}

}  // namespace headspec::experiment
