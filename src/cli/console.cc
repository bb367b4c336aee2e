#include "cli/console.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <utility>

#include "cli/style.h"
#include "cli/wrap.h"
#include "core/environment.h"
#include "core/utf8.h"
#include "report/tables.h"
#include "report/text.h"

namespace headspec::cli {
namespace {

std::atomic<bool> interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free);  // or a signal handler could not set it
int stdout_failure = 0;

void OnSignal(int) { interrupted = true; }

void Write(std::FILE* stream, std::string_view text) {
  errno = 0;
  const bool written =
      std::fwrite(text.data(), 1, text.size(), stream) == text.size() && std::fflush(stream) == 0;
  if (!written && stream == stdout && errno != EPIPE && errno != EINTR && stdout_failure == 0)
    stdout_failure = errno;
}

void WriteLines(std::FILE* stream, std::string_view text) {
  const std::size_t columns = ColumnsOf(stream);
  const std::string lines = columns > 0 ? Wrapped(text, columns) : std::string(text);
  Write(stream, IsColored(stream) ? PaintedLines(lines) : lines);
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

bool ShowsProgress(const CommonOptions& options) {
  return !options.quiet && !options.no_progress && isatty(STDERR_FILENO) != 0 &&
         !IsSwitchedOn("HF_HUB_DISABLE_PROGRESS_BARS");
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

void PrintError(std::string_view text) {
  const std::string name = IsColored(stderr) ? Painted(Tone::kBad, "headspec:") : "headspec:";
  Write(stderr, name + " " + Escaped(text) + "\n");
}

int StdoutFailure() { return stdout_failure; }

bool Interrupted() { return interrupted; }

Console::Console(const CommonOptions& options, Ladder ladder)
    : options_(options), ladder_(std::move(ladder)), bar_(ShowsProgress(options)) {}

void Console::Print(std::string_view text) {
  if (options_.quiet) return;
  const ProgressBar::Pause pause(bar_);
  WriteLines(options_.json ? stderr : stdout, text);
}

void Console::PrintResult(std::string_view text) {
  const ProgressBar::Pause pause(bar_);
  WriteLines(stdout, text);
}

void Console::PrintRaw(std::string_view text) {
  const ProgressBar::Pause pause(bar_);
  Write(stdout, text);
}

void Console::Note(std::string_view text) {
  if (options_.quiet) return;
  const ProgressBar::Pause pause(bar_);
  WriteLines(stderr, Escaped(text) + "\n");
}

void Console::Error(std::string_view text) {
  const ProgressBar::Pause pause(bar_);
  PrintError(text);
}

// A check that passes is a step on the way, unless it is what was asked for.
void Console::OnSanity(const ModelEntry& entry, const SanityResult& result) {
  if (result.ok && !ladder_.shows_sanity && !options_.verbose) return;
  Print(report::SanityBlock(result, entry.name, ladder_.sanity_min_si) + "\n");
}

void Console::OnFallback(const ModelEntry& entry, const std::string& label, const std::string& reason) {
  Note(entry.name + ": " + label + " given up: " + reason);
}

void Console::OnModelBegin(const ModelEntry& entry) {
  model_ = entry.display;
  ++begun_;
  if (options_.verbose) Note(Position() + "loading " + entry.name);
}

void Console::OnModelEnd(const ModelResult& result) {
  if (result.error) {
    const bool named =
        result.error->starts_with(result.model + ":") || result.error->starts_with(result.model + "/");
    Error(named ? *result.error : result.model + ": " + *result.error);
  } else if (options_.verbose) {
    Print(report::ModelLines(result) + "\n");
  } else if (ladder_.models.size() > 1) {
    std::size_t width = 0;
    for (const ModelEntry& entry : ladder_.models)
      width = std::max(width, report::DisplayWidth(report::OneLine(entry.display)));
    Print(Position() + report::ModelLine(result, width));
  }
}

void Console::OnWorkBegin(std::string_view what, std::int64_t total, WorkUnit unit) {
  bar_.Begin(Position() + model_ + (model_.empty() ? "" : ": ") + std::string(what), total, unit);
}

// "[2/3] ", where there is more than one. Models that are measured once more, without padding, count anew.
std::string Console::Position() const {
  const std::size_t models = ladder_.models.size();
  return models > 1 && begun_ > 0 ? fmt::format("[{}/{}] ", (begun_ - 1) % models + 1, models) : "";
}

}  // namespace headspec::cli
