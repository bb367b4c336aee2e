// Models that this process downloads for a sweep, taken out of the cache again when no cell needs them any
// more. What was in the cache before stays.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "headspec/run.h"
#include "headspec/sweep.h"
#include "hub/blob_lock.h"
#include "hub/discard.h"

namespace headspec::sweep {

class ModelDiscard {
 public:
  // While it lives, no other process that discards removes the cell's model.
  class Use {
   public:
    explicit Use(std::filesystem::path lock);

   private:
    hub::BlobLock lock_;
  };

  // Before the cell's model is located: notes what the cache holds of it. Null for a folder.
  std::unique_ptr<Use> Begin(const SweepCell& cell, const HubOptions& hub);

  // Removes the models that came since and that no cell of the plan waits for. One that another process reads
  // stays until later.
  void RemoveDone(const SweepPlan& plan, const std::filesystem::path& sweep, Observer& observer);
  // The same at the end, whether cells wait for them or not.
  void RemoveAll(Observer& observer);

 private:
  struct Revision {
    std::string model;
    std::string commit;
    hub::CacheRecord before;
    std::filesystem::path download_lock;
  };
  // True if it is over: removed, or nothing came.
  static bool Remove(const Revision& revision, Observer& observer);

  std::map<std::string, Revision> revisions_;  // by model and commit
};

}  // namespace headspec::sweep
