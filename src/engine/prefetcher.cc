#include "engine/prefetcher.h"

namespace headspec::engine {

Prefetcher::Prefetcher(const model::Model& model) : model_(model), thread_([this] { Work(); }) {}

Prefetcher::~Prefetcher() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Prefetcher::Request(int layer) {
  if (layer >= model_.config().layers) return;
  {
    const std::lock_guard lock(mutex_);
    requested_ = layer;
  }
  wake_.notify_one();
}

void Prefetcher::Work() {
  std::unique_lock lock(mutex_);
  int done = -1;
  while (true) {
    wake_.wait(lock, [&] { return stopping_ || requested_ > done; });
    if (stopping_) return;
    done = requested_;
    lock.unlock();
    model_.Prefetch(done);
    lock.lock();
  }
}

}  // namespace headspec::engine
