// How this process reaches the hub and where its cache is: the environment variables of the Python library
// (huggingface_hub 0.36: constants.py, utils/_auth.py).
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

namespace headspec::hub {

struct Settings {
  std::string endpoint;         // "https://huggingface.co", without a slash at the end
  std::filesystem::path cache;  // the folder of models--org--name
  std::string token;            // empty: none is sent. Never in a message, a log or a result
  std::string token_source;     // "HF_TOKEN" or the file it was read from
  std::string offline_reason;   // "--offline" or "HF_HUB_OFFLINE=1"; empty: the hub may be asked
  std::string ca_bundle;        // certificates to trust instead of the system's; may be empty
  std::string user_agent = "headspec";
  std::chrono::milliseconds metadata_timeout{10'000};
  std::chrono::milliseconds download_timeout{10'000};  // of silence
  std::chrono::milliseconds first_pause{1'000};        // before the first retry; doubles up to eight times it
  int parallel = 6;                                    // files at once
  // Locked while Locate downloads, so that of the processes that name the same file one downloads at a time;
  // empty: none.
  std::filesystem::path download_lock = {};
};

// HF_HUB_CACHE > HUGGINGFACE_HUB_CACHE > $HF_HOME/hub, with ~ and $NAME expanded.
std::filesystem::path CacheFolder();

// HF_ENDPOINT, HF_TOKEN and relatives, HF_HUB_OFFLINE, timeouts. Throws Error(kInput) on a value that is no
// endpoint or no number, Error(kSystem) on a token file that cannot be read.
Settings SettingsFromEnvironment();

}  // namespace headspec::hub
