// What the hub has of many models at many revisions: their branches and tags, and the blob of every file.
// Small answers to many requests at once; nothing is written into the cache.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "core/progress.h"
#include "hub/fetch.h"
#include "hub/remote.h"
#include "hub/settings.h"

namespace headspec::hub {

// Branches and tags of each model, in order. Throws HubRefusal and Error(kInterrupted), as all here.
std::vector<std::vector<Reference>> AskReferences(const std::vector<std::string>& models,
                                                  const Settings& settings, Progress& progress);

// `take` is told of each answer as soon as it is there, with its index in `names`.
void AskFiles(const std::vector<ModelName>& names, const Settings& settings, Progress& progress,
              const std::function<void(std::size_t, const FileListing&)>& take);

// A file that is small enough to be held whole: config.json, a shard index.
struct SmallFile {
  std::string model;
  std::string commit;
  RemoteFile file;
};
// Their contents, in order; each is what its hash says.
std::vector<std::string> AskContents(const std::vector<SmallFile>& files, const Settings& settings,
                                     Progress& progress);

// Whether `content` is what the blob's name says.
bool HasHash(const std::string& content, const std::string& etag);

}  // namespace headspec::hub
