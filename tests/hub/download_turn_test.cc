// One download at a time.
#include "hub/download_turn.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "error_of.h"
#include "temporary_folder.h"

namespace headspec::hub {
namespace {

class Waiting final : public Progress {
 public:
  void Begin(std::string_view, std::int64_t, WorkUnit) override {}
  void Advance(std::int64_t) override {}
  void End() override {}
  void Note(std::string_view text) override { notes.emplace_back(text); }
  // Asked once before each pause: the third time the other one is done, or the user gives up.
  bool Cancelled() const override {
    if (++asked_ < 3) return false;
    if (other != nullptr) other->reset();
    return gives_up;
  }

  std::vector<std::string> notes;
  std::optional<DownloadTurn>* other = nullptr;
  bool gives_up = false;

 private:
  mutable int asked_ = 0;
};

class DownloadTurnTest : public TemporaryFolderTest {};

TEST_F(DownloadTurnTest, IsTakenAtOnceWhereNobodyHasIt) {
  Waiting progress;
  { const DownloadTurn turn(At("locks/turn"), progress); }
  const DownloadTurn again(At("locks/turn"), progress);
  EXPECT_TRUE(progress.notes.empty());
}

TEST_F(DownloadTurnTest, WaitsForTheOtherAndSaysSoOnce) {
  SilentProgress silent;
  std::optional<DownloadTurn> other;
  other.emplace(At("turn"), silent);
  Waiting progress;
  progress.other = &other;
  const DownloadTurn turn(At("turn"), progress);
  EXPECT_EQ(progress.notes,
            std::vector<std::string>{"another process of this host is downloading a model; waiting"});
}

TEST_F(DownloadTurnTest, EndsWaitingWhenCancelled) {
  SilentProgress silent;
  const DownloadTurn other(At("turn"), silent);
  Waiting progress;
  progress.gives_up = true;
  EXPECT_EQ(ErrorOf([&] { const DownloadTurn turn(At("turn"), progress); }),
            "kInterrupted: interrupted: nothing was written");
}

}  // namespace
}  // namespace headspec::hub
