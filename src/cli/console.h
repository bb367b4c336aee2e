// What a person sees: results on stdout (or nowhere, with --json), notes, progress and errors on stderr.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "cli/options.h"
#include "headspec/run.h"

namespace headspec::cli {

// From here on Ctrl-C and SIGTERM ask the work to stop at the next safe point; a second one ends at once. A
// reader of stdout that goes away (a pager) stops nothing: what was measured is still written.
void CatchInterrupts();

// "headspec: TEXT" on stderr, in one line whatever names and bytes of files are in it.
void PrintError(std::string_view text);
// errno of the first write to stdout that failed for another reason than a reader gone away; else 0.
int StdoutFailure();
// True once a signal asked the work to stop.
bool Interrupted();

class Console final : public Observer {
 public:
  explicit Console(const CommonOptions& options, double sanity_min_si = 0.05);
  // What is printed after it, an error too, starts on an empty line.
  ~Console() override;
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  // Human-readable results: stdout, or stderr beside --json; nothing with --quiet.
  void Print(std::string_view text);
  // Results themselves: printed even with --quiet.
  void PrintResult(std::string_view text);
  // A line for people on stderr.
  void Note(std::string_view text);
  // An error line on stderr, whatever the options.
  void Error(std::string_view text);

  void OnSanity(const ModelEntry& entry, const SanityResult& result) override;
  void OnFallback(const ModelEntry& entry, const std::string& label, const std::string& reason) override;
  void OnModelBegin(const ModelEntry& entry) override;
  void OnModelEnd(const ModelResult& result) override;
  void OnWorkBegin(std::string_view what, std::int64_t total, WorkUnit unit) override;
  void OnWorkAdvance(std::int64_t units) override;
  void OnWorkEnd() override;
  void OnNote(std::string_view text) override { Note(text); }
  bool Cancelled() const override;

 private:
  using Clock = std::chrono::steady_clock;

  void DrawBar();
  void ClearBar();
  std::string Amount() const;
  std::string TimeLeft(double share) const;

  CommonOptions options_;
  double sanity_min_si_;
  bool show_progress_;
  std::string model_;
  std::string work_;
  WorkUnit unit_ = WorkUnit::kItems;
  std::int64_t done_ = 0;
  std::int64_t total_ = 0;
  bool bar_drawn_ = false;
  Clock::time_point work_start_;
  Clock::time_point drawn_;
  struct {
    Clock::time_point since;
    std::int64_t done;
    double rate;  // units a second over the last whole window
  } pace_ = {};
};

}  // namespace headspec::cli
