#include "core/thread_pool.h"
#include "core/error.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

namespace headspec {
namespace {

constexpr int kThreadCounts[] = {1, 2, 3, 8};

TEST(ThreadPool, RunsEveryTaskOnce) {
  for (const int threads : kThreadCounts) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    for (const int count : {1, 2, 7, 1000}) {
      std::vector<std::atomic<int>> runs(static_cast<std::size_t>(count));
      pool.For(count, [&](int task) { ++runs[static_cast<std::size_t>(task)]; });
      for (const auto& run : runs) EXPECT_EQ(run, 1) << threads << " threads, " << count << " tasks";
    }
  }
}

TEST(ThreadPool, StopsBetweenTasksWhenCancelled) {
  for (const int threads : kThreadCounts) {
    std::atomic<bool> cancelled = false;
    ThreadPool pool(threads, {}, [&] { return cancelled.load(); });
    std::atomic<int> runs = 0;
    const auto task = [&](int) {
      ++runs;
      cancelled = true;
    };
    try {
      pool.For(1'000'000, task);
      FAIL() << "not cancelled";
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::kInterrupted);
    }
    EXPECT_LT(runs, 1'000'000);
    cancelled = false;
    runs = threads;
    pool.For(3, [&](int) { ++runs; });
    EXPECT_EQ(runs, threads + 3);
  }
}

TEST(ThreadPool, ZeroMeansAllProcessors) { EXPECT_GE(ThreadPool(0).threads(), 1); }

TEST(ThreadPool, NothingToDo) {
  ThreadPool pool(3);
  pool.For(0, [](int) { FAIL() << "a task of none"; });
  pool.For(-1, [](int) { FAIL() << "a task of none"; });
}

TEST(ThreadPool, RethrowsAnExceptionAfterAllWorkersAreDone) {
  for (const int threads : kThreadCounts) {
    ThreadPool pool(threads);
    std::atomic<int> inside = 0;
    const auto body = [&](int task) {
      ++inside;
      if (task == 5) {
        --inside;
        throw std::runtime_error("task five");
      }
      --inside;
    };
    try {
      pool.For(100, body);
      ADD_FAILURE() << "no exception with " << threads << " threads";
    } catch (const std::runtime_error& error) {
      EXPECT_EQ(std::string(error.what()), "task five");
      EXPECT_EQ(inside, 0);
    }
  }
}

TEST(ThreadPool, FirstExceptionWinsWhenAllTasksThrow) {
  ThreadPool pool(4);
  EXPECT_THROW(pool.For(50, [](int task) { throw std::out_of_range(std::to_string(task)); }),
               std::out_of_range);
}

TEST(ThreadPool, WorksOnAfterAnException) {
  ThreadPool pool(3);
  for (int round = 0; round < 200; ++round) {
    EXPECT_THROW(pool.For(8, [](int) { throw std::runtime_error("again"); }), std::runtime_error);
    std::atomic<int> sum = 0;
    pool.For(8, [&](int task) { sum += task; });
    EXPECT_EQ(sum, 28);
  }
}

TEST(ThreadPool, ManyShortLoops) {
  ThreadPool pool(8);
  std::atomic<int> runs = 0;
  for (int round = 0; round < 2000; ++round) pool.For(3, [&](int) { ++runs; });
  EXPECT_EQ(runs, 6000);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // they need the address space themselves
// Ends the process with 3 if the pool says that it cannot start its threads. Room for a few stacks only.
[[noreturn]] void StartTooMany() {
  const rlimit limit = {std::size_t{512} << 20, std::size_t{512} << 20};
  if (setrlimit(RLIMIT_AS, &limit) != 0) std::_Exit(4);
  try {
    const ThreadPool pool(1024);
  } catch (const Error& e) {
    std::_Exit(std::string(e.what()).starts_with("threads: cannot start 1024 (") ? 3 : 5);
  }
  std::_Exit(0);
}

TEST(ThreadPool, SaysWhenThreadsCannotBeStarted) {
  EXPECT_EXIT(StartTooMany(), testing::ExitedWithCode(3), "");
}
#endif

TEST(ThreadPool, UnusedPoolEnds) {
  for (const int threads : kThreadCounts) ThreadPool pool(threads);
}

}  // namespace
}  // namespace headspec
