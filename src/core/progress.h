// How long work reports itself and learns that the user wants it to stop.
#pragma once

#include <cstdint>
#include <string_view>

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

// Reports nothing and never cancels.
class SilentProgress final : public Progress {
 public:
  void Begin(std::string_view, std::int64_t, WorkUnit) override {}
  void Advance(std::int64_t) override {}
  void End() override {}
};

}  // namespace headspec
