// Reads the next layer while the current one is computed, and gives back the ones before: one thread that tells
// the kernel which pages are wanted.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "model/model.h"

namespace headspec::engine {

class Prefetcher {
 public:
  // `model` outlives the object. `drop_used`: from the file cache too.
  Prefetcher(const model::Model& model, bool drop_used);
  // Waits until all layers before the one last entered are given back.
  ~Prefetcher();
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  // The pass comes to `layer`, which goes from -1, before the first, to the number of layers. Returns at once.
  void Enter(int layer);

 private:
  static constexpr int kNowhere = -2;

  void Work();
  void ReleaseBefore(int layer);

  const model::Model& model_;
  const bool drop_used_;
  int first_held_ = 0;  // the layers before it are given back
  std::mutex mutex_;
  std::condition_variable wake_;
  int entered_ = kNowhere;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace headspec::engine
