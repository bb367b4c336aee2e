#include "cli/progress_bar.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <utility>

#include "cli/wrap.h"
#include "report/text.h"

namespace headspec::cli {
namespace {

constexpr int kBarWidth = 24;
constexpr std::chrono::milliseconds kRedraw{100};
constexpr std::chrono::milliseconds kStill{1'000};  // the longest without a sign of life
constexpr std::int64_t kFewItems = 128;             // each of them is shown
constexpr std::chrono::milliseconds kPaceWindow{1'000};

double SecondsBetween(std::chrono::steady_clock::time_point from, std::chrono::steady_clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

std::string Duration(double seconds) {
  if (seconds < 90) return fmt::format("{:.0f} s", seconds);
  if (seconds < 5400) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

void Write(std::string_view text) {
  (void)std::fwrite(text.data(), 1, text.size(), stderr);
  (void)std::fflush(stderr);
}

// A thread that no signal interrupts: they are for the one that waits on files and pipes.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

ProgressBar::ProgressBar(bool is_shown) : is_shown_(is_shown) {
  if (!is_shown) return;
  const BlockedSignals blocked;
  thread_ = std::jthread([this](std::stop_token stop) { Work(std::move(stop)); });
}

ProgressBar::~ProgressBar() {
  if (!is_shown_) return;
  thread_.request_stop();
  wake_.notify_all();
  thread_.join();
  Clear();
}

void ProgressBar::Begin(std::string what, std::int64_t total, WorkUnit unit) {
  if (!is_shown_) return;
  {
    const std::lock_guard lock(mutex_);
    what_ = std::move(what);
    unit_ = unit;
    done_ = 0;
    total_ = total;
    start_ = Clock::now();
    pace_ = {start_, 0, 0};
    drawn_ = start_;
    if (total > 0 && (unit == WorkUnit::kBytes || total <= kFewItems)) Draw(start_);
  }
  wake_.notify_all();
}

void ProgressBar::Advance(std::int64_t units) {
  if (!is_shown_) return;
  const std::lock_guard lock(mutex_);
  done_ += units;
  const Clock::time_point now = Clock::now();
  if (now - pace_.since >= kPaceWindow)
    pace_ = {now, done_, static_cast<double>(done_ - pace_.done) / SecondsBetween(pace_.since, now)};
  const bool is_step = unit_ == WorkUnit::kItems && total_ <= kFewItems;
  if (total_ > 0 && (is_step || now - drawn_ >= kRedraw || (is_drawn_ && done_ >= total_))) Draw(now);
}

void ProgressBar::End() {
  if (!is_shown_) return;
  const std::lock_guard lock(mutex_);
  Clear();
  total_ = 0;
}

void ProgressBar::Work(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    wake_.wait(lock, stop, [this] { return total_ > 0; });
    const Clock::time_point now = Clock::now();
    if (total_ > 0 && now - drawn_ >= kStill) Draw(now);
    wake_.wait_for(lock, stop, kRedraw, [] { return false; });
  }
}

void ProgressBar::Draw(Clock::time_point now) {
  const double share = std::clamp(static_cast<double>(done_) / static_cast<double>(total_), 0.0, 1.0);
  const int full = static_cast<int>(share * kBarWidth);
  std::string bar;
  for (int i = 0; i < kBarWidth; ++i) bar += i < full ? "█" : "░";
  const std::string end = fmt::format(" {} {}{}", bar, Amount(), TimeLeft(now));
  // A line that wraps could not be cleared: the name gives way first. The last column stays free.
  const std::size_t columns = std::max<std::size_t>(ColumnsOf(stderr), 2) - 1;
  const std::size_t taken = report::DisplayWidth(end);
  const std::string shown = columns > taken ? report::Truncate(report::OneLine(what_), columns - taken) : "";
  Write("\r\x1b[K" + report::Truncate(shown + end, columns));
  is_drawn_ = true;
  drawn_ = now;
}

void ProgressBar::Clear() {
  if (!is_drawn_) return;
  Write("\r\x1b[K");
  is_drawn_ = false;
}

// "3/32", or "1.20/5.60 GB  98 MB/s".
std::string ProgressBar::Amount() const {
  if (unit_ == WorkUnit::kItems) return fmt::format("{}/{}", done_, total_);
  const bool large = total_ >= 1'000'000'000;
  const double unit = large ? 1e9 : 1e6;
  std::string text = fmt::format("{:.{}f}/{:.{}f} {}", static_cast<double>(done_) / unit, large ? 2 : 1,
                                 static_cast<double>(total_) / unit, large ? 2 : 1, large ? "GB" : "MB");
  if (pace_.rate > 0) text += fmt::format("  {:.{}f} MB/s", pace_.rate / 1e6, pace_.rate < 1e7 ? 1 : 0);
  return text;
}

// Bytes come at the pace of the last moments, items at that of all so far.
std::string ProgressBar::TimeLeft(Clock::time_point now) const {
  const double left = static_cast<double>(total_ - done_);
  if (unit_ == WorkUnit::kBytes)
    return pace_.rate > 0 ? fmt::format("  {} left", Duration(left / pace_.rate)) : "";
  const double seconds = SecondsBetween(start_, now);
  if (done_ <= 0) return seconds < 1 ? "" : fmt::format("  {} so far", Duration(seconds));
  return fmt::format("  {} left", Duration(seconds / static_cast<double>(done_) * left));
}

}  // namespace headspec::cli
