// One line at the bottom of a terminal: what goes on, how far it is, how long it will take. It draws itself,
// so that time goes on while a single step takes long.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "core/progress.h"

namespace headspec::cli {

class ProgressBar {
 public:
  // Of one that is not shown, all calls do nothing.
  explicit ProgressBar(bool is_shown);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void Begin(std::string what, std::int64_t total, WorkUnit unit);
  void Advance(std::int64_t units);
  void End();

  // Held while other lines are written: the bar is off the terminal meanwhile.
  class Pause {
   public:
    explicit Pause(ProgressBar& bar) : lock_(bar.mutex_) { bar.Clear(); }

   private:
    std::unique_lock<std::mutex> lock_;
  };

 private:
  using Clock = std::chrono::steady_clock;

  void Work(std::stop_token stop);
  void Draw(Clock::time_point now);
  void Clear();
  std::string Amount() const;
  std::string TimeLeft(Clock::time_point now) const;

  const bool is_shown_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::string what_;
  WorkUnit unit_ = WorkUnit::kItems;
  std::int64_t done_ = 0;
  std::int64_t total_ = 0;  // 0: no work
  bool is_drawn_ = false;
  Clock::time_point drawn_;
  Clock::time_point start_;
  struct {
    Clock::time_point since;
    std::int64_t done;
    double rate;  // units a second over the last whole window
  } pace_ = {};
  std::jthread thread_;
};

}  // namespace headspec::cli
