// Reads the first layer at once and the next while one is computed, and gives back those before: one thread
// that tells the kernel which pages are wanted.
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

  // The pass comes to `layer`, or to its end: the number of layers. Returns at once.
  void Enter(int layer);

 private:
  static constexpr int kBeforeFirst = -1;

  void Work();
  void ReleaseBefore(int layer);

  const model::Model& model_;
  const bool drop_used_;
  int first_held_ = 0;  // the layers before it are given back
  std::mutex mutex_;
  std::condition_variable wake_;
  int entered_ = kBeforeFirst;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace headspec::engine
