// From a model's name to a folder of files: out of the cache, or from the hub into it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/progress.h"
#include "hub/settings.h"

namespace headspec::hub {

struct ModelName {
  std::string model;     // "microsoft/phi-2"
  std::string revision;  // branch, tag, commit or "refs/pr/1"
};

// "org/name" or "org/name@revision"; without the latter `revision` holds. Throws Error(kInput) if it is none.
ModelName ParseModelName(const std::string& text, const std::string& revision = "main");
// True for what ParseModelName takes.
bool IsModelName(const std::string& text);

struct Snapshot {
  std::filesystem::path folder;
  std::string model{};
  std::string commit{};
  std::vector<std::string> notes{};  // for people: why the hub was not asked
};

// What measuring needs: the cached snapshot of the revision if it is whole, without any request; otherwise
// fetched. A measurement therefore does not change because a branch moved; Fetch asks.
Snapshot Locate(const ModelName& name, const Settings& settings, Progress& progress);

// The revision as the hub has it now. A commit that is whole in the cache is not asked for; when the hub
// cannot be reached or refuses, what the cache has is used and a note says so; else throws Error.
Snapshot Fetch(const ModelName& name, const Settings& settings, Progress& progress);

}  // namespace headspec::hub
