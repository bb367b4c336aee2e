// A model on this machine's own disk for the time that it is measured: copied from where it lies, or, where
// it is on the hub only, downloaded there, so that thousands of checkpoints never fill the shared cache.
#pragma once

#include <string>

#include "headspec/plan.h"
#include "headspec/result.h"
#include "headspec/run.h"
#include "sweep/local_folder.h"

namespace headspec::sweep {

class NearModel {
 public:
  // `local` is a folder of this machine. Shows the copying as progress in bytes. Throws Error: kSystem where
  // there is no room, kInterrupted.
  NearModel(const ModelEntry& entry, const HubOptions& hub, const std::string& local, Observer& observer);

  // What to measure, and with which cache, in place of what the constructor was given.
  const ModelEntry& entry() const { return entry_; }
  const HubOptions& hub() const { return hub_; }

  // Puts the place that the model comes from where a result names the copy.
  void NameOrigin(RunResult& result) const;
  std::string WithOrigin(std::string text) const;  // the same for an error's words

 private:
  void CopyFolder(const std::filesystem::path& from, Observer& observer);
  void CopySnapshot(const std::filesystem::path& from, const std::string& commit, Observer& observer);

  ModelEntry original_;
  ModelEntry entry_;
  HubOptions hub_;
  std::string origin_ = {};  // the folder that was copied; empty: downloaded
  std::string copy_ = {};    // the folder that stands for it
  LocalFolder folder_;
};

}  // namespace headspec::sweep
