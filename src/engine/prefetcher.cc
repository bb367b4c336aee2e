#include "engine/prefetcher.h"

namespace headspec::engine {

Prefetcher::Prefetcher(const model::Model& model, bool drop_used)
    : model_(model), drop_used_(drop_used), thread_([this] { Work(); }) {}

Prefetcher::~Prefetcher() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Prefetcher::Enter(int layer) {
  {
    const std::lock_guard lock(mutex_);
    entered_ = layer;
  }
  wake_.notify_one();
}

void Prefetcher::Work() {
  std::unique_lock lock(mutex_);
  int seen = kBeforeFirst - 1;
  while (true) {
    wake_.wait(lock, [&] { return stopping_ || entered_ > seen; });
    if (entered_ == seen) return;
    seen = entered_;
    const bool has_next = !stopping_ && seen + 1 < model_.config().layers;
    lock.unlock();
    ReleaseBefore(seen);
    if (has_next) model_.Prefetch(seen + 1);
    lock.lock();
  }
}

void Prefetcher::ReleaseBefore(int layer) {
  for (; first_held_ < layer; ++first_held_) model_.Release(first_held_, drop_used_);
}

}  // namespace headspec::engine
