#include "hub/survey.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "core/error.h"
#include "core/hash.h"
#include "hub/exchange.h"

namespace headspec::hub {
namespace {

// Exchanges that exist at once; most of them wait.
constexpr std::size_t kBatch = 256;

// Runs `count` exchanges that `make` makes, with progress in items.
void RunInBatches(std::size_t count, const Line& line, std::string_view what,
                  const std::function<std::unique_ptr<Exchange>(std::size_t index,
                                                                const std::function<void()>& done)>& make) {
  line.progress.Begin(what, static_cast<std::int64_t>(count), WorkUnit::kItems);
  const auto done = [&line] { line.progress.Advance(1); };
  for (std::size_t first = 0; first < count; first += kBatch) {
    std::vector<std::unique_ptr<Exchange>> batch;
    for (std::size_t i = first; i < std::min(first + kBatch, count); ++i) batch.push_back(make(i, done));
    RunAll(batch, line, line.model.settings.parallel);
  }
  line.progress.End();
}

std::vector<RemoteModel> RemoteModels(const std::vector<ModelName>& names, const Settings& settings) {
  std::vector<RemoteModel> models;
  for (const ModelName& name : names) models.push_back({settings, name.model, name.revision});
  return models;
}

}  // namespace

std::vector<std::vector<Reference>> AskReferences(const std::vector<std::string>& models,
                                                  const Settings& settings, Progress& progress) {
  std::vector<std::vector<Reference>> references(models.size());
  if (models.empty()) return references;
  std::vector<ModelName> names;
  for (const std::string& model : models) names.push_back({model, "main"});
  const std::vector<RemoteModel> remotes = RemoteModels(names, settings);
  HttpClient client(settings.user_agent, settings.ca_bundle);
  RunInBatches(models.size(), {remotes.front(), client, progress}, "asking the hub for branches and tags",
               [&](std::size_t i, const std::function<void()>& done) {
                 const RemoteModel& remote = remotes[i];
                 return std::make_unique<TextExchange>(Line{remote, client, progress}, "list of branches",
                                                       remote.ReferencesUrl(),
                                                       [&, i, done](const auto& body) {
                                                         references[i] = ParseReferences(remote, body);
                                                         done();
                                                       });
               });
  return references;
}

void AskFiles(const std::vector<ModelName>& names, const Settings& settings, Progress& progress,
              const std::function<void(std::size_t, const FileListing&)>& take) {
  if (names.empty()) return;
  const std::vector<RemoteModel> remotes = RemoteModels(names, settings);
  HttpClient client(settings.user_agent, settings.ca_bundle);
  RunInBatches(names.size(), {remotes.front(), client, progress}, "asking the hub for files",
               [&](std::size_t i, const std::function<void()>& done) {
                 const RemoteModel& remote = remotes[i];
                 return std::make_unique<TextExchange>(Line{remote, client, progress}, "list of files",
                                                       remote.FilesUrl(), [&, i, done](const auto& body) {
                                                         take(i, ParseFiles(remote, body));
                                                         done();
                                                       });
               });
}

std::vector<std::string> AskContents(const std::vector<SmallFile>& files, const Settings& settings,
                                     Progress& progress) {
  std::vector<std::string> contents(files.size());
  if (files.empty()) return contents;
  std::vector<ModelName> names;
  for (const SmallFile& file : files) names.push_back({file.model, file.commit});
  const std::vector<RemoteModel> remotes = RemoteModels(names, settings);
  HttpClient client(settings.user_agent, settings.ca_bundle);
  const auto check = [&](std::size_t i) {
    if (HasHash(contents[i], files[i].file.etag)) return;
    throw Error(ErrorKind::kSystem,
                fmt::format("{}: {}: expected bytes of hash {}, the hub sends others", files[i].model,
                            files[i].file.name, files[i].file.etag),
                fmt::format("check that {} is a hub or a mirror of it, and that no proxy changes its answers",
                            settings.endpoint));
  };
  RunInBatches(files.size(), {remotes.front(), client, progress}, "asking the hub for configurations",
               [&](std::size_t i, const std::function<void()>& done) {
                 const RemoteModel& remote = remotes[i];
                 const std::string& name = files[i].file.name;
                 return std::make_unique<TextExchange>(Line{remote, client, progress}, name,
                                                       remote.FileUrl(files[i].commit, name),
                                                       [&, i, done](const auto& body) {
                                                         contents[i] = body;
                                                         check(i);
                                                         done();
                                                       });
               });
  return contents;
}

bool HasHash(const std::string& content, const std::string& etag) {
  if (etag.size() == 64) return HexHash(HashKind::kSha256, content) == etag;
  Hasher hasher = GitBlobHasher(content.size());
  hasher.Add(content);
  return hasher.Hex() == etag;
}

}  // namespace headspec::hub
