// What a person sees: results on stdout (or nowhere, with --json), notes, progress and errors on stderr.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cli/options.h"
#include "cli/progress_bar.h"
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

// What is known of the models before the first one is loaded.
struct Ladder {
  std::vector<ModelEntry> models = {};
  double sanity_min_si = 0.05;
  bool shows_sanity = false;  // a check that passes, too
};

class Console final : public Observer {
 public:
  explicit Console(const CommonOptions& options, Ladder ladder = {});
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  // Human-readable results: stdout, or stderr beside --json; nothing with --quiet.
  void Print(std::string_view text);
  // Results themselves: printed even with --quiet.
  void PrintResult(std::string_view text);
  // JSON, a manual page: printed as it is.
  void PrintRaw(std::string_view text);
  // A line for people on stderr.
  void Note(std::string_view text);
  // An error line on stderr, whatever the options.
  void Error(std::string_view text);

  void OnSanity(const ModelEntry& entry, const SanityResult& result) override;
  void OnFallback(const ModelEntry& entry, const std::string& label, const std::string& reason) override;
  void OnModelBegin(const ModelEntry& entry) override;
  void OnModelEnd(const ModelResult& result) override;
  void OnWorkBegin(std::string_view what, std::int64_t total, WorkUnit unit) override;
  void OnWorkAdvance(std::int64_t units) override { bar_.Advance(units); }
  void OnWorkEnd() override { bar_.End(); }
  void OnNote(std::string_view text) override { Note(text); }
  bool Cancelled() const override { return Interrupted(); }

 private:
  std::string Position() const;

  CommonOptions options_;
  Ladder ladder_;
  std::size_t begun_ = 0;  // models
  std::string model_;
  ProgressBar bar_;
};

}  // namespace headspec::cli
