#include "experiment/subject_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <system_error>

#include "core/error.h"
#include "core/hash.h"

namespace headspec::experiment {
namespace fs = std::filesystem;
namespace {

constexpr const char* kTemplates = "additional_chat_templates";
constexpr const char* kSingle = "model.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";

struct File {
  FileRecord record;
  fs::path path;  // where it is, links followed
  FileStamp stamp;
  bool decides = false;  // the numbers of a pass depend on it, beside the token ids
  std::string sha256;
};

// Names of the files below folder/part, "part/name" each, in order.
std::vector<std::string> NamesIn(const fs::path& folder, const fs::path& part) {
  std::vector<std::string> names;
  std::error_code failed;
  for (fs::directory_iterator i(folder / part, failed), end; !failed && i != end; i.increment(failed))
    names.push_back((part / i->path().filename()).string());
  std::sort(names.begin(), names.end());
  return names;
}

// What text/ may read.
std::vector<std::string> KnownTokenizerNames() {
  return {"tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "added_tokens.json",
          "chat_template.json",
          "chat_template.jinja",
          "vocab.json",
          "merges.txt",
          "vocab.txt"};
}

// What it reads in this folder: a tokenizer.json needs no vocabulary beside it.
std::vector<std::string> TokenizerNames(const fs::path& folder, const FolderStamps& stamps) {
  std::vector<std::string> names = KnownTokenizerNames();
  if (stamps.files.contains("tokenizer.json")) {
    std::erase_if(names, [](const std::string& name) {
      return name.starts_with("vocab.") || name.starts_with("merges.");
    });
  }
  for (std::string& name : NamesIn(folder, kTemplates)) {
    if (name.ends_with(".jinja")) names.push_back(std::move(name));
  }
  return names;
}

Error Changed(const fs::path& path) {
  return {ErrorKind::kSystem, fmt::format("{}: changed while the model was opened", path.string()),
          "wait until it is written, and run again"};
}

File Describe(const fs::path& folder, const std::string& name, const FolderStamps& stamps) {
  File file;
  const auto before = stamps.files.find(name);
  const std::optional<FileStamp> now = StampOf(folder / name);
  const bool is_new = before == stamps.files.end() && stamps.is_complete;
  std::error_code failed;
  file.path = fs::canonical(folder / name, failed);
  if (!now || is_new || failed) throw Changed(folder / name);
  file.stamp = before == stamps.files.end() ? *now : before->second;
  file.record = {.name = name, .bytes = file.stamp.bytes, .hash = HashInBlobName(folder, name)};
  file.record.hash_from_name = !file.record.hash.empty();
  return file;
}

std::vector<File> ListFiles(const fs::path& folder, const checkpoint::Checkpoint& checkpoint,
                            const FolderStamps& stamps) {
  std::vector<File> files;
  const auto add = [&](const std::string& name, bool decides) {
    files.push_back(Describe(folder, name, stamps));
    files.back().decides = decides;
  };
  add("config.json", true);
  for (const std::string& name : TokenizerNames(folder, stamps)) {
    if (stamps.files.contains(name)) add(name, false);
  }
  if (checkpoint.files().front().name != kSingle) add(kIndex, true);
  for (const auto& weights : checkpoint.files()) add(weights.name, true);
  return files;
}

// A git hash in a blob's name is good enough to say which file it is. Where numbers depend on the file, it is
// small, and SHA-256 is computed all the same: SHA-1 can be made to collide.
void FindSha256(std::vector<File>& files, std::int64_t taken_ns, int threads, Progress& progress) {
  std::vector<FileToHash> unknown;
  std::vector<File*> owners;
  for (File& file : files) {
    if (file.record.hash.starts_with(kSha256Prefix)) file.sha256 = file.record.hash;
    if (!file.sha256.empty() || (file.record.hash_from_name && !file.decides)) continue;
    if (file.stamp.bytes >= kWorthRemembering) file.sha256 = RememberedSha256(file.path, file.stamp);
    if (!file.sha256.empty()) continue;
    unknown.push_back({.path = file.path, .bytes = file.stamp.bytes});
    owners.push_back(&file);
  }
  // What takes milliseconds shows no bar.
  const bool is_work = std::any_of(unknown.begin(), unknown.end(),
                                   [](const FileToHash& file) { return file.bytes >= kWorthRemembering; });
  SilentProgress silent;
  const std::vector<std::string> hashes = HashFiles(unknown, threads, is_work ? progress : silent);
  for (std::size_t i = 0; i < owners.size(); ++i) {
    File& file = *owners[i];
    file.sha256 = hashes[i];
    if (file.stamp.bytes >= kWorthRemembering && StampOf(file.path) == file.stamp)
      RememberSha256(file.path, file.stamp, file.sha256, taken_ns);
  }
}

}  // namespace

FolderStamps StampFolder(const fs::path& folder) {
  FolderStamps stamps;
  stamps.taken_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(
                        std::chrono::system_clock::now().time_since_epoch())
                        .count();
  std::vector<std::string> names = NamesIn(folder, "");
  stamps.is_complete = !names.empty();
  if (!stamps.is_complete) names = {"config.json", kIndex, kSingle};
  for (const auto& known : {NamesIn(folder, kTemplates), KnownTokenizerNames()})
    names.insert(names.end(), known.begin(), known.end());
  for (const std::string& name : names) {
    if (const auto stamp = StampOf(folder / name)) stamps.files.emplace(name, *stamp);
  }
  return stamps;
}

SubjectFiles IdentifyFiles(const fs::path& folder, const checkpoint::Checkpoint& checkpoint,
                           const FolderStamps& stamps, int threads, Progress& progress) {
  std::vector<File> files = ListFiles(folder, checkpoint, stamps);
  FindSha256(files, stamps.taken_ns, threads, progress);
  SubjectFiles identified;
  bool is_certain = true;
  for (File& file : files) {
    const std::optional<FileStamp> now = StampOf(folder / file.record.name);
    if (!now || !IsUnwritten(*now, file.stamp)) throw Changed(folder / file.record.name);
    is_certain = is_certain && IsSameFile(*now, file.stamp);
    if (file.record.hash.empty()) file.record.hash = file.sha256;
    if (file.decides) identified.content += fmt::format("{} {}\n", file.sha256, file.record.name);
    identified.records.push_back(std::move(file.record));
    identified.stamps.push_back(file.stamp);
  }
  if (!is_certain) identified.content.clear();
  return identified;
}

std::string WrittenFile(const fs::path& folder, const SubjectFiles& files) {
  for (std::size_t i = 0; i < files.records.size(); ++i) {
    const std::optional<FileStamp> now = StampOf(folder / files.records[i].name);
    if (now && IsSameFile(*now, files.stamps[i]) && !IsUnwritten(*now, files.stamps[i]))
      return files.records[i].name;
  }
  return "";
}

}  // namespace headspec::experiment
