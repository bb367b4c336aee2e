#include "core/thread_pool.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <system_error>
#include <utility>

#include "core/error.h"

namespace headspec {
namespace {

// Loops follow one another closely, and to wake a thread that sleeps takes longer than many of them last. So
// whoever waits looks for a moment before it sleeps.
template <class Condition>
void LookOut(const Condition& condition) {
  constexpr auto kMoment = std::chrono::microseconds(50);
  const auto start = std::chrono::steady_clock::now();
  while (!condition() && std::chrono::steady_clock::now() - start < kMoment) continue;
}

}  // namespace

ThreadPool::ThreadPool(int threads, const std::function<void()>& enter, std::function<bool()> cancelled)
    : cancelled_(std::move(cancelled)) {
  if (threads <= 0) threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  try {
    for (int i = 1; i < threads; ++i) {
      workers_.emplace_back([this, enter] {
        if (enter) enter();
        Work();
      });
    }
  } catch (const std::system_error& e) {
    Stop();  // workers that wait must not outlive what they wait on
    throw Error(ErrorKind::kSystem,
                "threads: cannot start " + std::to_string(threads) + " (" + e.what() + ")",
                "use fewer, with --threads");
  }
}

ThreadPool::~ThreadPool() { Stop(); }

void ThreadPool::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
}

void ThreadPool::For(int count, const std::function<void(int)>& body) {
  if (count <= 0) return;
  {
    const std::lock_guard lock(mutex_);
    body_ = &body;
    count_ = count;
    next_ = 0;
    failure_ = nullptr;
    busy_ = static_cast<int>(workers_.size());
    ++generation_;
  }
  wake_.notify_all();
  RunTasks();
  LookOut([this] { return busy_ == 0; });
  std::unique_lock lock(mutex_);
  done_.wait(lock, [this] { return busy_ == 0; });
  if (failure_) std::rethrow_exception(failure_);
}

void ThreadPool::RunTasks() {
  for (int task = next_++; task < count_; task = next_++) {
    try {
      if (cancelled_ && std::this_thread::get_id() == caller_ && cancelled_())
        throw Error(ErrorKind::kInterrupted, "interrupted: nothing was written");
      (*body_)(task);
    } catch (...) {
      Fail(std::current_exception());
    }
  }
}

void ThreadPool::Fail(std::exception_ptr failure) {
  const std::lock_guard lock(mutex_);
  if (!failure_) failure_ = std::move(failure);
  next_ = count_;
}

void ThreadPool::Work() {
  std::uint64_t seen = 0;
  while (true) {
    LookOut([&] { return stopping_ || generation_ != seen; });
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [&] { return stopping_ || generation_ != seen; });
    if (stopping_) return;
    seen = generation_;
    lock.unlock();
    RunTasks();
    lock.lock();
    if (--busy_ == 0) done_.notify_one();
  }
}

}  // namespace headspec
