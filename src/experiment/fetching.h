// `fetch`: models of the hub into the cache, as plain data for people and scripts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "headspec/plan.h"
#include "headspec/run.h"

namespace headspec::experiment {

struct FetchedModel {
  std::string model;
  std::string revision;  // as asked for
  std::string commit;
  std::string folder;                // the snapshot
  std::vector<std::string> files{};  // in it, sorted
  std::uint64_t bytes = 0;           // of them all
  std::vector<std::string> notes;    // why the cache was used although the hub was to be asked
};

// Throws Error(kInput) on what is no name of a model.
std::vector<ModelEntry> NamesOf(const std::vector<std::string>& models, const std::string& revision);

// Throws Error, kInterrupted when the observer is cancelled; what arrived is kept for the next time.
FetchedModel FetchModel(const ModelEntry& entry, const HubOptions& hub, Observer& observer);

}  // namespace headspec::experiment
