// The observer of a run in the words of the rooms that do long work.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/progress.h"
#include "headspec/run.h"

namespace headspec::experiment {

// The observer as their progress. "Interrupted" travels through Cancelled().
class ObserverProgress final : public Progress {
 public:
  explicit ObserverProgress(Observer& observer) : observer_(observer) {}
  void Begin(std::string_view what, std::int64_t total, WorkUnit unit) override {
    observer_.OnWorkBegin(what, total, unit);
  }
  void Advance(std::int64_t units) override { observer_.OnWorkAdvance(units); }
  void End() override { observer_.OnWorkEnd(); }
  void Note(std::string_view text) override { observer_.OnNote(text); }
  bool Cancelled() const override { return observer_.Cancelled(); }

 private:
  Observer& observer_;
};

}  // namespace headspec::experiment
