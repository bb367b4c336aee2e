#include "cli/console.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>

#include "core/environment.h"
#include "core/utf8.h"
#include "report/tables.h"
#include "report/text.h"

namespace headspec::cli {
namespace {

constexpr int kBarWidth = 24;
constexpr std::chrono::milliseconds kRedraw{100};
constexpr std::chrono::milliseconds kPaceWindow{1'000};

volatile std::sig_atomic_t interrupted = 0;
int stdout_failure = 0;

void OnSignal(int) { interrupted = 1; }

void Write(std::FILE* stream, std::string_view text) {
  errno = 0;
  const bool written =
      std::fwrite(text.data(), 1, text.size(), stream) == text.size() && std::fflush(stream) == 0;
  if (!written && stream == stdout && errno != EPIPE && errno != EINTR && stdout_failure == 0)
    stdout_failure = errno;
}

double SecondsBetween(std::chrono::steady_clock::time_point from, std::chrono::steady_clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

std::string Duration(double seconds) {
  if (seconds < 90) return fmt::format("{:.0f} s", seconds);
  return fmt::format("{:.0f} min", seconds / 60);
}

// Names and words of servers cannot repaint the terminal: control characters and what is no text become \xNN.
std::string Escaped(std::string_view text) {
  std::string line;
  while (!text.empty()) {
    const std::size_t length = Utf8Length(text);
    const std::string_view character = text.substr(0, std::max<std::size_t>(length, 1));
    text.remove_prefix(character.size());
    const char32_t c = length == 0 ? 0 : Utf8CodePoint(character);
    if (c >= 0x20 && (c < 0x7F || c >= 0xA0)) {
      line += character;
    } else {
      for (const char byte : character) line += fmt::format("\\x{:02X}", static_cast<unsigned char>(byte));
    }
  }
  return line;
}

std::size_t TerminalColumns() {
  constexpr std::size_t kUsual = 80;
  winsize size = {};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUsual;
}

}  // namespace

void CatchInterrupts() {
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  action.sa_flags = static_cast<int>(
      SA_RESETHAND);  // the second one ends the program; waiting on a pipe ends with the first
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ,
              SIG_IGN);  // a file above `ulimit -f` is a failed write with a reason, as on a full disk
}

void PrintError(std::string_view text) { Write(stderr, "headspec: " + Escaped(text) + "\n"); }

int StdoutFailure() { return stdout_failure; }

bool Interrupted() { return interrupted != 0; }

Console::Console(const CommonOptions& options, double sanity_min_si)
    : options_(options),
      sanity_min_si_(sanity_min_si),
      show_progress_(!options.quiet && !options.no_progress && isatty(STDERR_FILENO) != 0 &&
                     !IsSwitchedOn("HF_HUB_DISABLE_PROGRESS_BARS")) {}

Console::~Console() { ClearBar(); }

void Console::Print(std::string_view text) {
  if (options_.quiet) return;
  ClearBar();
  Write(options_.json ? stderr : stdout, text);
}

void Console::PrintResult(std::string_view text) {
  ClearBar();
  Write(stdout, text);
}

void Console::Note(std::string_view text) {
  if (options_.quiet) return;
  ClearBar();
  Write(stderr, Escaped(text) + "\n");
}

void Console::Error(std::string_view text) {
  ClearBar();
  PrintError(text);
}

void Console::OnSanity(const ModelEntry& entry, const SanityResult& result) {
  Print(report::SanityBlock(result, entry.name, sanity_min_si_) + "\n");
}

void Console::OnFallback(const ModelEntry& entry, const std::string& label, const std::string& reason) {
  Note(entry.name + ": " + label + " given up: " + reason);
}

void Console::OnModelBegin(const ModelEntry& entry) {
  model_ = entry.display;
  if (options_.verbose) Note("loading " + entry.name);
}

void Console::OnModelEnd(const ModelResult& result) {
  if (!result.error) {
    Print(report::ModelLines(result) + "\n");
  } else {
    const bool named =
        result.error->starts_with(result.model + ":") || result.error->starts_with(result.model + "/");
    Error(named ? *result.error : result.model + ": " + *result.error);
  }
}

void Console::OnWorkBegin(std::string_view what, std::int64_t total, WorkUnit unit) {
  work_ = what;
  unit_ = unit;
  done_ = 0;
  total_ = total;
  work_start_ = Clock::now();
  pace_ = {work_start_, 0, 0};
  DrawBar();
}

void Console::OnWorkAdvance(std::int64_t units) {
  done_ += units;
  const Clock::time_point now = Clock::now();
  if (now - pace_.since >= kPaceWindow) {
    pace_ = {now, done_, static_cast<double>(done_ - pace_.done) / SecondsBetween(pace_.since, now)};
  }
  if (unit_ == WorkUnit::kItems || now - drawn_ >= kRedraw || done_ >= total_) DrawBar();
}

void Console::OnWorkEnd() {
  ClearBar();
  total_ = 0;
}

bool Console::Cancelled() const { return Interrupted(); }

void Console::DrawBar() {
  if (!show_progress_ || total_ <= 0) return;
  const double share = static_cast<double>(done_) / static_cast<double>(total_);
  const int full = static_cast<int>(share * kBarWidth);
  std::string bar;
  for (int i = 0; i < kBarWidth; ++i) bar += i < full ? "█" : "░";
  const std::string end = fmt::format(" {} {}{}", bar, Amount(), TimeLeft(share));
  // A line that wraps could not be cleared: the name gives way first. The last column stays free.
  const std::size_t columns = TerminalColumns() - 1;
  const std::size_t taken = report::DisplayWidth(end);
  const std::string name = report::OneLine(model_ + (model_.empty() ? "" : ": ") + work_);
  const std::string shown = columns > taken ? report::Truncate(name, columns - taken) : "";
  Write(stderr, "\r\x1b[K" + report::Truncate(shown + end, columns));
  bar_drawn_ = true;
  drawn_ = Clock::now();
}

// "3/32", or "1.20/5.60 GB  98 MB/s".
std::string Console::Amount() const {
  if (unit_ == WorkUnit::kItems) return fmt::format("{}/{}", done_, total_);
  const bool large = total_ >= 1'000'000'000;
  const double unit = large ? 1e9 : 1e6;
  std::string text = fmt::format("{:.{}f}/{:.{}f} {}", static_cast<double>(done_) / unit, large ? 2 : 1,
                                 static_cast<double>(total_) / unit, large ? 2 : 1, large ? "GB" : "MB");
  if (pace_.rate > 0) text += fmt::format("  {:.{}f} MB/s", pace_.rate / 1e6, pace_.rate < 1e7 ? 1 : 0);
  return text;
}

// Bytes come at the pace of the last moments, items at that of all so far.
std::string Console::TimeLeft(double share) const {
  const double seconds = SecondsBetween(work_start_, Clock::now());
  if (unit_ == WorkUnit::kItems)
    return done_ > 0 ? fmt::format("  {} left", Duration(seconds / share - seconds)) : "";
  if (pace_.rate <= 0) return "";
  return fmt::format("  {} left", Duration(static_cast<double>(total_ - done_) / pace_.rate));
}

void Console::ClearBar() {
  if (!bar_drawn_) return;
  Write(stderr, "\r\x1b[K");
  bar_drawn_ = false;
}

}  // namespace headspec::cli
