// Reads the next layer while the current one is computed: one thread that asks the kernel for its pages.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "model/model.h"

namespace headspec::engine {

class Prefetcher {
 public:
  // `model` outlives the object.
  explicit Prefetcher(const model::Model& model);
  ~Prefetcher();
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  // Returns at once. A layer past the last is nothing to do.
  void Request(int layer);

 private:
  void Work();

  const model::Model& model_;
  std::mutex mutex_;
  std::condition_variable wake_;
  int requested_ = -1;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace headspec::engine
