#include "experiment/content_identity.h"

#include "checkpoint/checkpoint.h"
#include "core/hash.h"
#include "experiment/files.h"
#include "experiment/subject_files.h"

namespace headspec::experiment {

FolderContent ReadFolderContent(const std::filesystem::path& folder, int threads, Progress& progress) {
  const FolderStamps stamps = StampFolder(folder);
  FolderContent content;
  content.config = ReadWholeFile(folder / "config.json", "config.json");
  const checkpoint::Checkpoint checkpoint = checkpoint::Checkpoint::Open(folder);
  const SubjectFiles files = IdentifyFiles(folder, checkpoint, stamps, threads, progress);
  std::vector<FileToHash> named_otherwise;  // by git, in a snapshot of the hub's cache
  for (const FileRecord& record : files.records) {
    if (!record.hash.starts_with(kSha256Prefix))
      named_otherwise.push_back({folder / record.name, record.bytes});
  }
  SilentProgress silent;
  const std::vector<std::string> hashes = HashFiles(named_otherwise, threads, silent);
  std::size_t next = 0;
  for (const FileRecord& record : files.records) {
    const std::string hash = record.hash.starts_with(kSha256Prefix) ? record.hash : hashes[next++];
    content.files.push_back({record.name, record.bytes, hash.substr(kSha256Prefix.size())});
  }
  return content;
}

}  // namespace headspec::experiment
