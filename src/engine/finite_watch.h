// Watches every result of the forward pass for NaN and infinity and remembers where the first one was.
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <string_view>
#include <utility>

#include "core/matrix_view.h"
#include "core/thread_pool.h"

namespace headspec::engine {

// A place in the pass. -1: not tied to one prompt or head.
struct Place {
  std::string_view operation;
  int layer = -1;
  int prompt = -1;
  int head = -1;
  int step = 0;  // of the layer, as FiniteWatch::Steps numbers them
};

class FiniteWatch {
 public:
  // Numbers the operations of a layer in the order in which they run, whatever the prompts are: from 0 in
  // each block, where `StartBlock` begins.
  void StartBlock() { next_step_ = 0; }
  // The number of the next operation; of the first one where `count` follow one another.
  int Steps(int count = 1) { return std::exchange(next_step_, next_step_ + count); }

  // Thread-safe. "First" is the earliest in the order layer, step, prompt, head: the same for any number of
  // threads, chunks and parts.
  void Check(const Place& place, std::span<const float> values);
  // The same for every row, on all threads of the pool.
  void CheckRows(const Place& place, const MatrixView& values, ThreadPool& pool);

  std::int64_t count() const { return count_; }
  const Place& first() const { return first_; }

 private:
  int next_step_ = 0;
  std::mutex mutex_;
  std::int64_t count_ = 0;
  Place first_;
};

}  // namespace headspec::engine
