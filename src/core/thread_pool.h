// A fixed set of workers for parallel loops. Which worker runs a task is left to chance, so tasks
// must not depend on it for their result; that makes results independent of the number of threads.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace headspec {

class ThreadPool {
 public:
  // `threads` in all, the caller included; 0: as many as the machine has. Every worker calls `enter` first.
  // Throws Error(kSystem) if the system does not start so many.
  // `cancelled` is asked by the thread that calls For, before each of its tasks; where it says so, For ends
  // with Error(kInterrupted) as soon as the tasks that run are done.
  explicit ThreadPool(int threads, const std::function<void()>& enter = {},
                      std::function<bool()> cancelled = {});
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  // Runs body(0) .. body(count - 1) and returns when all are done. The first exception is rethrown. From the
  // thread that made the pool.
  void For(int count, const std::function<void(int)>& body);

 private:
  void Work();
  void Stop();
  void RunTasks();
  void Fail(std::exception_ptr failure);

  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  std::atomic<std::uint64_t> generation_{0};  // counts calls of For
  std::atomic<int> busy_{0};
  std::atomic<bool> stopping_{false};
  const std::function<void(int)>* body_ = nullptr;
  int count_ = 0;
  std::atomic<int> next_{0};
  std::exception_ptr failure_;
  const std::function<bool()> cancelled_;
  const std::thread::id caller_ = std::this_thread::get_id();
};

}  // namespace headspec
