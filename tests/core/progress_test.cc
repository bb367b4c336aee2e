#include "core/progress.h"

#include <gtest/gtest.h>

#include <string>

#include "core/error.h"

namespace headspec {
namespace {

class Record final : public Progress {
 public:
  void Begin(std::string_view what, std::int64_t total, WorkUnit unit) override {
    text +=
        std::string(what) + " " + std::to_string(total) + (unit == WorkUnit::kItems ? " items" : " bytes");
  }
  void Advance(std::int64_t units) override { text += " +" + std::to_string(units); }
  void End() override { text += " end"; }
  bool Cancelled() const override { return is_cancelled; }

  std::string text;
  bool is_cancelled = false;
};

TEST(Steps, TellsOfEachAndEndsWithItsScope) {
  Record record;
  {
    Steps steps(&record, "shuffles", 2);
    steps.Next();
    steps.Next();
  }
  EXPECT_EQ(record.text, "shuffles 2 items +1 +1 end");
}

TEST(Steps, StopsWhenCancelled) {
  Record record;
  record.is_cancelled = true;
  try {
    Steps steps(&record, "shuffles", 2);
    steps.Next();
    FAIL() << "not stopped";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kInterrupted);
  }
  EXPECT_EQ(record.text, "shuffles 2 items end");
}

TEST(Steps, AreSilentWithoutProgress) {
  Steps steps(nullptr, "shuffles", 1);
  EXPECT_NO_THROW(steps.Next());
}

}  // namespace
}  // namespace headspec
