// The Hugging Face hub's cache on disk, shared with everybody's Python: one folder a model with blobs/,
// snapshots/ full of links to them, refs/ and .no_exist/ (https://huggingface.co/docs/hub/local-cache).
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace headspec::hub {

// "org/name" or "name": letters, digits, "-", "_" and ".", as the hub allows them.
bool IsModelId(const std::string& text);
// 40 lower-case hexadecimal digits.
bool IsCommit(const std::string& text);
// Relative, and nowhere leads out of its folder: what a server may name.
bool IsSafeFileName(const std::string& name);

// One model's folder in the cache, whether it exists or not.
class Repository {
 public:
  Repository(const std::filesystem::path& cache, const std::string& model);

  const std::string& model() const { return model_; }
  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path Blob(const std::string& etag) const { return folder_ / "blobs" / etag; }
  std::filesystem::path Incomplete(const std::string& etag) const;
  std::filesystem::path Lock(const std::string& etag) const;
  // Shared by those who read the snapshot while it may be removed, and held alone by who removes it.
  std::filesystem::path UseLock(const std::string& commit) const;
  std::filesystem::path Snapshot(const std::string& commit) const { return folder_ / "snapshots" / commit; }

  // The commit that a branch, tag or refs/pr/N had when it was last fetched; of a commit, itself.
  std::optional<std::string> CommitOf(const std::string& revision) const;
  bool HasFile(const std::string& commit, const std::string& file) const;
  bool IsKnownAbsent(const std::string& commit, const std::string& file) const;

  // All below create the folders they need and throw Error(kSystem) with the system's reason.
  void WriteRef(const std::string& revision, const std::string& commit) const;
  void MarkAbsent(const std::string& commit, const std::string& file) const;
  // The relative link that Python makes; where links are not possible the blob itself moves there.
  void Link(const std::string& commit, const std::string& file, const std::string& etag) const;

 private:
  std::filesystem::path cache_;
  std::string model_;
  std::filesystem::path folder_;
};

// Writes a small file beside and renames it. Throws Error(kSystem).
void WriteSmallFile(const std::filesystem::path& file, const std::string& content);

// What a folder lacks to be measured, in words: "config.json", "model-00002-of-00002.safetensors", "weights
// (model.safetensors)". `unasked` says of an absent file whether the hub may still have it.
std::vector<std::string> MissingParts(const std::filesystem::path& folder,
                                      const std::function<bool(const std::string&)>& unasked);

// The files that a shard index names, sorted. Throws Error(kInput) if it is none or names unsafe ones.
std::vector<std::string> ShardsOf(const std::filesystem::path& index);
// The same of its text; `where` names it in errors.
std::vector<std::string> ShardsIn(const std::string& text, const std::string& where);

}  // namespace headspec::hub
