#include "core/thread_pool.h"

#include <gtest/gtest.h>

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

TEST(ThreadPool, UnusedPoolEnds) {
  for (const int threads : kThreadCounts) ThreadPool pool(threads);
}

}  // namespace
}  // namespace headspec
