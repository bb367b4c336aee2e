// The standard Hugging Face cache, read-only: from a model name to the folder of a snapshot that is
// already on this machine. No network here.
#pragma once

#include <filesystem>
#include <string>

namespace headspec::hub {

struct Snapshot {
  std::filesystem::path folder;
  std::string commit;  // 40 hexadecimal digits
};

// $HF_HUB_CACHE, else $HUGGINGFACE_HUB_CACHE, else $HF_HOME/hub, else $XDG_CACHE_HOME/huggingface/hub,
// else ~/.cache/huggingface/hub.
std::filesystem::path CacheFolder();

// `revision` is a branch, tag or commit. Throws Error(kSystem) if the snapshot is not there.
Snapshot FindSnapshot(const std::string& model, const std::string& revision);

// "org/name" or "name": what a hub model id may look like.
bool IsModelId(const std::string& text);

}  // namespace headspec::hub
