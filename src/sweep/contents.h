// What measuring reads of each target, by its content, and what of it still has to be downloaded.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "headspec/run.h"
#include "hub/remote.h"
#include "sweep/targets.h"

namespace headspec::sweep {

struct Content {
  std::string commit;                  // of a hub model
  std::vector<hub::RemoteFile> files;  // config.json first
  std::string config;                  // its text
  std::string identity;                // hash and name of each file: equal for equal models
  std::uint64_t weight_bytes = 0;
};

// Names a target in the map below.
std::string KeyOf(const Target& target);

// Of every target, each once. Throws Error on what cannot be measured, naming the model.
std::map<std::string, Content> ReadContents(const std::vector<std::vector<ModelTargets>>& targets,
                                            HubAnswers& hub, int threads, Progress& progress);

// SweepCell::content of a folder as it is now. Throws Error.
std::string FolderHash(const std::filesystem::path& folder, int threads, Progress& progress);
// The same of a content that was read.
std::string HashOf(const Content& content);

}  // namespace headspec::sweep
