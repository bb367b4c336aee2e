// How long work reports itself and learns that the user wants it to stop.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/error.h"
#include "headspec/work_unit.h"

namespace headspec {

class Progress {
 public:
  virtual ~Progress() = default;
  // Work of `total` units begins; `what` is shown to the user ("microsoft/phi-2: layers").
  virtual void Begin(std::string_view what, std::int64_t total, WorkUnit unit) = 0;
  // Negative when work must be done again: a download that starts over.
  virtual void Advance(std::int64_t units) = 0;
  virtual void End() = 0;
  // One line for people about something unusual: another try, a wait.
  virtual void Note(std::string_view /*text*/) {}
  // True once the user asked to stop; callers then throw Error(kInterrupted) at the next safe point.
  virtual bool Cancelled() const { return false; }
};

// Throws Error(kInterrupted) once the user asked to stop.
inline void RequireGoingOn(const Progress& progress) {
  if (progress.Cancelled()) throw Error(ErrorKind::kInterrupted, "interrupted: nothing was written");
}

// Reports nothing and never cancels.
class SilentProgress final : public Progress {
 public:
  void Begin(std::string_view, std::int64_t, WorkUnit) override {}
  void Advance(std::int64_t) override {}
  void End() override {}
};

// Many short steps of one piece of work, told of and stopped between them. Without a progress it is silent.
class Steps {
 public:
  Steps(Progress* progress, std::string_view what, std::int64_t total) : progress_(progress) {
    if (progress_ != nullptr) progress_->Begin(what, total, WorkUnit::kItems);
  }
  ~Steps() {
    if (progress_ != nullptr) progress_->End();
  }
  Steps(const Steps&) = delete;
  Steps& operator=(const Steps&) = delete;

  // One is done. Throws Error(kInterrupted) when cancelled.
  void Next() {
    if (progress_ == nullptr) return;
    RequireGoingOn(*progress_);
    progress_->Advance(1);
  }

 private:
  Progress* progress_;
};

}  // namespace headspec
