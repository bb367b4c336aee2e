#include "hub/download_turn.h"

#include <chrono>
#include <thread>

namespace headspec::hub {
namespace {

constexpr std::chrono::milliseconds kPause{100};

}  // namespace

DownloadTurn::DownloadTurn(const std::filesystem::path& file, Progress& progress) : lock_(file) {
  bool has_told = false;
  while (lock_.Try() == BlobLock::State::kTaken) {
    RequireGoingOn(progress);
    if (!has_told) progress.Note("another process of this host is downloading a model; waiting");
    has_told = true;
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace headspec::hub
