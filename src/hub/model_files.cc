#include "hub/model_files.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"

namespace headspec::hub {
namespace {

std::string ShortCommit(const std::string& commit) { return commit.substr(0, 12); }

// The weights that the repository has instead of safetensors.
std::string OtherWeights(const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    for (const std::string_view ending :
         {".bin", ".pt", ".pth", ".gguf", ".h5", ".msgpack", ".safetensors"}) {
      if (file.ends_with(ending) && file.find("training_args") == std::string::npos) return file;
    }
  }
  return "";
}

}  // namespace

bool IsFetchedName(const std::string& file) {
  const auto holds = [&](const auto& names) {
    return std::find(names.begin(), names.end(), file) != names.end();
  };
  return file == "config.json" || file == kShardIndexFile || holds(kTokenizerFiles) || holds(kVocabularies) ||
         file.ends_with(".safetensors");
}

bool HoldsFile(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void RequireMeasurable(const RemoteModel& remote, const Listing& listing) {
  const auto fail = [&](const std::string& problem, const std::string& next) {
    throw Error(ErrorKind::kInput,
                fmt::format("{} at {}: {}", remote.model, ShortCommit(listing.commit), problem), next);
  };
  if (!HoldsFile(listing.files, "config.json"))
    fail("no config.json", "only checkpoints of transformers can be measured");
  if (HoldsFile(listing.files, kWeightsFile) || HoldsFile(listing.files, kShardIndexFile)) return;
  const std::string other = OtherWeights(listing.files);
  fail(fmt::format("no {}{}", kWeightsFile, other.empty() ? ", and no other weights" : ", found " + other),
       fmt::format(
           "look at {}/{}/discussions for a converted revision and give it as {}@refs/pr/N, or convert it "
           "with save_pretrained",
           remote.settings.endpoint, remote.model, remote.model));
}

std::vector<std::string> SmallFiles(const std::vector<std::string>& files) {
  std::vector<std::string> names = {"config.json"};
  const auto add = [&](std::string_view name) {
    if (HoldsFile(files, name)) names.emplace_back(name);
  };
  for (const std::string_view name : kTokenizerFiles) add(name);
  if (!HoldsFile(files, "tokenizer.json")) {
    for (const std::string_view name : kVocabularies) add(name);
  }
  if (!HoldsFile(files, kWeightsFile)) add(kShardIndexFile);
  return names;
}

std::vector<RemoteFile> NeededFiles(const RemoteModel& remote, const FileListing& listing) {
  Listing names{.commit = listing.commit, .files = {}};
  for (const RemoteFile& file : listing.files) names.files.push_back(file.name);
  RequireMeasurable(remote, names);
  std::vector<std::string> needed = SmallFiles(names.files);
  if (HoldsFile(names.files, kWeightsFile)) needed.emplace_back(kWeightsFile);
  std::vector<RemoteFile> files;
  for (const std::string& name : needed) {
    const auto at = std::find(names.files.begin(), names.files.end(), name);
    files.push_back(listing.files[static_cast<std::size_t>(at - names.files.begin())]);
  }
  return files;
}

}  // namespace headspec::hub
