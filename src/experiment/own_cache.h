// What headspec keeps between runs: small text files in a folder of its own, each with the checksum of its
// content. Losing any of them costs time and never a result, so nothing here throws because of the file
// system.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace headspec::experiment {

// $HEADSPEC_CACHE, else headspec in $XDG_CACHE_HOME, else ~/.cache/headspec. Values that are no absolute path
// are ignored, as XDG asks; empty if that leaves none.
std::filesystem::path OwnCacheFolder();

// The file in `folder` of it for `key`, named by the key's SHA-256; empty where there is no cache.
std::filesystem::path OwnCacheFile(std::string_view folder, std::string_view key);

struct KeptText {
  std::optional<std::string> content;
  std::string problem;  // why there is no content: "is damaged (checksum differs)"; empty: no such file
};

// `kind` is the file's first line, its format's version included. A file of more than `most_bytes` of content
// is not read.
KeptText ReadKept(const std::filesystem::path& file, std::string_view kind, std::uint64_t most_bytes);

// Replaces `file` at once and for good: whoever reads meanwhile sees the old or the new one, also after a
// loss of power. Folders above it are made. Returns what went wrong, "No space left on device", or "".
std::string WriteKept(const std::filesystem::path& file, std::string_view kind, std::string_view content);

}  // namespace headspec::experiment
