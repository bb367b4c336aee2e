#include "sweep/contents.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/error.h"
#include "core/hash.h"
#include "experiment/content_identity.h"
#include "hub/cache.h"
#include "hub/model_files.h"

namespace headspec::sweep {
namespace {

std::string IdentityOf(const std::vector<hub::RemoteFile>& files) {
  std::string text;
  for (const hub::RemoteFile& file : files) text += fmt::format("{} {}\n", file.etag, file.name);
  return text;
}

bool IsWeights(const std::string& name) { return name.ends_with(".safetensors"); }

void Finish(Content& content) {
  content.identity = IdentityOf(content.files);
  for (const hub::RemoteFile& file : content.files) {
    if (IsWeights(file.name)) content.weight_bytes += file.bytes;
  }
}

Content FolderContentOf(const std::filesystem::path& place, int threads, Progress& progress) {
  const experiment::FolderContent folder = experiment::ReadFolderContent(place, threads, progress);
  Content content;
  content.config = folder.config;
  for (const auto& file : folder.files) content.files.push_back({file.name, file.sha256, file.bytes});
  Finish(content);
  return content;
}

// The hub models among the targets, each once.
std::vector<Target> HubTargets(const std::vector<std::vector<ModelTargets>>& targets) {
  std::vector<Target> found;
  std::set<std::string> seen;
  for (const auto& table : targets) {
    for (const ModelTargets& model : table) {
      for (const Target& target : model) {
        if (target.folder.empty() && seen.insert(KeyOf(target)).second) found.push_back(target);
      }
    }
  }
  return found;
}

// Adds the files that the index names.
void AddShards(const Target& target, const hub::FileListing& listing, const std::string& index,
               Content& content) {
  const std::string where =
      fmt::format("{} at {}: {}", target.model, content.commit.substr(0, 12), hub::kShardIndexFile);
  for (const std::string& shard : hub::ShardsIn(index, where)) {
    const auto found = std::find_if(listing.files.begin(), listing.files.end(),
                                    [&](const hub::RemoteFile& file) { return file.name == shard; });
    if (found == listing.files.end()) {
      throw Error(ErrorKind::kInput, fmt::format("{}: names {}, which the repository lacks", where, shard),
                  "tell the model's authors, or leave this revision out");
    }
    content.files.push_back(*found);
  }
}

void AddHubContents(const std::vector<Target>& targets, HubAnswers& hub,
                    std::map<std::string, Content>& contents) {
  std::vector<Revision> revisions;
  for (const Target& target : targets) revisions.emplace_back(target.model, target.commit);
  const auto listings = hub.Files(revisions);
  std::vector<hub::SmallFile> small;
  for (const Target& target : targets) {
    const hub::FileListing& listing = listings.at({target.model, target.commit});
    Content& content = contents[KeyOf(target)];
    content.commit = listing.commit;
    content.files = hub::NeededFiles({hub.settings(), target.model, target.revision}, listing);
    for (const hub::RemoteFile& file : content.files) {
      if (file.name == "config.json" || file.name == hub::kShardIndexFile)
        small.push_back({target.model, listing.commit, file});
    }
  }
  const auto texts = hub.Contents(small);
  for (const Target& target : targets) {
    Content& content = contents[KeyOf(target)];
    content.config = texts.at(content.files.front().etag);
    if (content.files.back().name == hub::kShardIndexFile) {
      const std::string& index = texts.at(content.files.back().etag);
      AddShards(target, listings.at({target.model, target.commit}), index, content);
    }
    Finish(content);
  }
}

}  // namespace

std::string KeyOf(const Target& target) {
  return target.folder.empty() ? target.model + "@" + target.commit : target.folder.string();
}

std::map<std::string, Content> ReadContents(const std::vector<std::vector<ModelTargets>>& targets,
                                            HubAnswers& hub, int threads, Progress& progress) {
  std::map<std::string, Content> contents;
  AddHubContents(HubTargets(targets), hub, contents);
  for (const auto& table : targets) {
    for (const ModelTargets& model : table) {
      for (const Target& target : model) {
        if (target.folder.empty() || contents.contains(KeyOf(target))) continue;
        contents[KeyOf(target)] = FolderContentOf(target.folder, threads, progress);
      }
    }
  }
  return contents;
}

std::string HashOf(const Content& content) { return HexHash(HashKind::kSha256, content.identity); }

std::string FolderHash(const std::filesystem::path& folder, int threads, Progress& progress) {
  return HashOf(FolderContentOf(folder, threads, progress));
}

}  // namespace headspec::sweep
