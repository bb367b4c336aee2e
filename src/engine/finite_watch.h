// Watches every result of the forward pass for NaN and infinity and remembers where the first one was.
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <string_view>

#include "core/matrix_view.h"
#include "core/thread_pool.h"

namespace headspec::engine {

// A place in the pass. -1: not tied to one prompt or head.
struct Place {
  std::string_view operation;
  int layer = -1;
  int prompt = -1;
  int head = -1;
};

class FiniteWatch {
 public:
  // Thread-safe. "First" is the earliest in the order layer, then call, then prompt, then head.
  void Check(const Place& place, std::span<const float> values);
  // The same for every row, on all threads of the pool.
  void CheckRows(const Place& place, const MatrixView& values, ThreadPool& pool);

  std::int64_t count() const { return count_; }
  const Place& first() const { return first_; }

 private:
  std::mutex mutex_;
  std::int64_t count_ = 0;
  Place first_;
};

}  // namespace headspec::engine
