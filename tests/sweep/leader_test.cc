#include "sweep/leader.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "sweep/layout.h"

namespace headspec::sweep {
namespace {

namespace fs = std::filesystem;
using Kind = Message::Kind;
using Outcome = Message::Outcome;

class LeaderTest : public testing::Test, public SweepEvents {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / ("leader-" + std::to_string(::getpid()));
    fs::remove_all(folder_);
    plan_.protocols.emplace_back();
    for (int i = 0; i < 3; ++i) {
      SweepCell cell;
      cell.id = std::string(15, '0') + std::to_string(i);
      cell.folder = "cell " + std::to_string(i);
      cell.cost.seconds = 3 - i;
      plan_.cells.push_back(cell);
    }
    schedule_.emplace(plan_, DistinctCells(plan_));
    leader_.emplace(
        plan_, *schedule_, folder_,
        [this](int rank, const Message& message) { sent_.emplace_back(rank, message); }, *this);
    leader_->UsePlanText("the manifest", "the plan");
    leader_->Begin(3, "token", 0);
    EXPECT_EQ(sent_.size(), 3U);
    sent_.clear();
  }
  void TearDown() override { fs::remove_all(folder_); }

  void OnMeasured(const SweepCell& cell, double seconds) override {
    measured_.emplace_back(cell.folder, seconds);
  }
  void OnFailed(const SweepCell& cell, const CellFailure& failure) override {
    failed_.emplace_back(cell.folder, failure.error);
  }
  void OnNote(const std::string& text) override { notes_.push_back(text); }

  void Ready(int rank, bool shares, double now) {
    leader_->Take(rank, {.kind = Kind::kReady, .flag = shares, .sees_cache = shares, .text = "node"}, now);
  }
  // The task that the rank was sent last.
  Message TaskOf(int rank) const {
    Message task;
    for (const auto& [to, message] : sent_)
      if (to == rank && message.kind == Kind::kTask) task = message;
    return task;
  }
  void Done(int rank, Outcome outcome, double now, const std::string& text = "") {
    const Message task = TaskOf(rank);
    leader_->Take(rank,
                  {.kind = Kind::kDone,
                   .number = task.number,
                   .task = task.task,
                   .outcome = outcome,
                   .code = 1,
                   .text = text},
                  now);
  }

  SweepPlan plan_;
  fs::path folder_;
  std::optional<Schedule> schedule_;
  std::optional<Leader> leader_;
  std::vector<std::pair<int, Message>> sent_;
  std::vector<std::pair<std::string, double>> measured_;
  std::vector<std::pair<std::string, std::string>> failed_;
  std::vector<std::string> notes_;
};

TEST_F(LeaderTest, HandsOutAndCountsTime) {
  Ready(1, true, 1);
  EXPECT_EQ(TaskOf(1).task.cell, 0U);
  EXPECT_EQ(TaskOf(1).name, "cell 0");
  Ready(2, true, 1);
  Done(1, Outcome::kMeasured, 5);
  EXPECT_EQ(measured_, (std::vector<std::pair<std::string, double>>{{"cell 0", 4}}));
  EXPECT_EQ(TaskOf(1).task.cell, 2U);
  Done(1, Outcome::kMeasured, 6);
  Done(2, Outcome::kMeasured, 6);
  EXPECT_TRUE(leader_->Finished());
  leader_->Stop();
  EXPECT_TRUE(sent_.back().second.flag);
}

TEST_F(LeaderTest, ASilentRankLosesItsTaskAndMayComeBack) {
  Ready(1, true, 0);
  Ready(2, true, 0);
  const Message lost = TaskOf(1);
  leader_->Take(2, {.kind = Kind::kBeat}, 29);
  leader_->Tick(31);
  EXPECT_EQ(notes_, (std::vector<std::string>{"rank 1 on node has not answered for 31 s"}));
  EXPECT_FALSE(leader_->AllThere());
  Done(2, Outcome::kMeasured, 32);
  EXPECT_EQ(TaskOf(2).task.cell, lost.task.cell);
  // It was only slow: what it says now counts for nothing, and it gets other work.
  Done(1, Outcome::kMeasured, 33);
  EXPECT_EQ(measured_.size(), 1U);
  EXPECT_EQ(notes_.back(), "rank 1 on node answers again");
  EXPECT_EQ(TaskOf(1).task.cell, 2U);
  leader_->Stop();
  EXPECT_FALSE(sent_.back().second.flag);
}

TEST_F(LeaderTest, SaysThatItIsThere) {
  Ready(1, true, 0);
  sent_.clear();
  leader_->Tick(1);
  EXPECT_TRUE(sent_.empty());
  leader_->Tick(2.5);
  EXPECT_EQ(sent_.size(), 2U);
  EXPECT_EQ(sent_[0].second.kind, Kind::kBeat);
}

TEST_F(LeaderTest, ACellThatKillsItsWorkersIsGivenUpInWriting) {
  Ready(1, true, 0);
  Done(1, Outcome::kDied, 1, "was ended by signal 9 (Killed)");
  EXPECT_TRUE(failed_.empty());
  EXPECT_EQ(TaskOf(1).task.cell, 0U);
  Done(1, Outcome::kDied, 2, "was ended by signal 9 (Killed)");
  ASSERT_EQ(failed_.size(), 1U);
  EXPECT_EQ(failed_[0].second, "measuring it was ended by signal 9 (Killed), and did so before");
  EXPECT_TRUE(fs::exists(FailureOf(folder_, plan_.cells[0])));
  EXPECT_EQ(TaskOf(1).task.cell, 1U);
}

TEST_F(LeaderTest, FilesOfARankWithoutTheFolderAppearTogether) {
  Ready(1, false, 0);
  EXPECT_EQ(sent_.front().second.kind, Kind::kPlan);
  EXPECT_EQ(sent_.front().second.bytes, "the plan");
  const Message task = TaskOf(1);
  const auto piece = [&](const std::string& name, std::size_t offset, const std::string& bytes) {
    leader_->Take(1,
                  {.kind = Kind::kFile,
                   .number = task.number,
                   .task = task.task,
                   .flag = true,
                   .offset = offset,
                   .name = name,
                   .bytes = bytes},
                  1);
  };
  piece("results.json", 0, "one ");
  piece("results.json", 4, "two");
  piece("point.json", 0, "");
  const fs::path place = FolderOf(folder_, plan_.cells[0]);
  EXPECT_FALSE(fs::exists(place));
  Done(1, Outcome::kMeasured, 2);
  std::ifstream results(place / "results.json");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(results), {}), "one two");
  EXPECT_TRUE(fs::exists(place / "point.json"));
  const Message next = TaskOf(1);
  EXPECT_THROW(leader_->Take(1,
                             {.kind = Kind::kFile,
                              .number = next.number,
                              .task = next.task,
                              .flag = true,
                              .name = "../escape",
                              .bytes = "x"},
                             3),
               Error);
}

TEST_F(LeaderTest, WhatCameBeforeALossIsNotMixedWithWhatComesAfter) {
  Ready(1, false, 0);
  const Message lost = TaskOf(1);
  const auto piece = [&](std::uint64_t number, std::size_t offset, const std::string& bytes) {
    leader_->Take(1,
                  {.kind = Kind::kFile,
                   .number = number,
                   .task = lost.task,
                   .flag = true,
                   .offset = offset,
                   .name = "point.json",
                   .bytes = bytes},
                  32);
  };
  piece(lost.number, 0, "one ");
  leader_->Tick(70);
  leader_->Take(1, {.kind = Kind::kBeat}, 71);
  const Message again = TaskOf(1);
  EXPECT_NE(again.number, lost.number);
  piece(lost.number, 4, "two");
  leader_->Take(1, {.kind = Kind::kDone, .number = lost.number, .task = lost.task}, 72);
  EXPECT_TRUE(measured_.empty());
  EXPECT_FALSE(fs::exists(FolderOf(folder_, plan_.cells[0])));
  piece(again.number, 0, "whole");
  leader_->Take(1, {.kind = Kind::kDone, .number = again.number, .task = again.task}, 73);
  std::ifstream point(FolderOf(folder_, plan_.cells[0]) / "point.json");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(point), {}), "whole");
  EXPECT_EQ(measured_.size(), 1U);
}

TEST_F(LeaderTest, AMissingPieceIsAnError) {
  Ready(1, false, 0);
  const Message task = TaskOf(1);
  EXPECT_THROW(leader_->Take(1,
                             {.kind = Kind::kFile,
                              .number = task.number,
                              .task = task.task,
                              .flag = true,
                              .offset = 4,
                              .name = "point.json",
                              .bytes = "two"},
                             1),
               Error);
}

TEST_F(LeaderTest, ACellWhoseWorkersAreStoppedAgainAndAgainIsGivenUpInWriting) {
  Ready(1, true, 0);
  for (int i = 0; i < 100 && failed_.empty(); ++i) Done(1, Outcome::kInterrupted, i);
  ASSERT_EQ(failed_.size(), 1U);
  EXPECT_EQ(failed_[0].second, "every worker that measured it was stopped");
}

TEST(Message, ComesBackAsItWas) {
  Message message{.kind = Kind::kDone,
                  .number = 7,
                  .task = {3, PromptRange{2, 5}},
                  .outcome = Outcome::kFailed,
                  .code = 3,
                  .flag = true,
                  .sees_cache = true,
                  .offset = 9,
                  .name = "a name\n",
                  .text = "words",
                  .bytes = std::string("\0\n{", 3)};
  const Message back = Unpacked(Packed(message));
  EXPECT_EQ(back.kind, Kind::kDone);
  EXPECT_EQ(back.number, 7U);
  EXPECT_EQ(back.task.cell, 3U);
  EXPECT_EQ(back.task.range->last, 5);
  EXPECT_EQ(back.outcome, Outcome::kFailed);
  EXPECT_EQ(back.code, 3);
  EXPECT_TRUE(back.flag && back.sees_cache);
  EXPECT_EQ(back.offset, 9U);
  EXPECT_EQ(back.name, "a name\n");
  EXPECT_EQ(back.text, "words");
  EXPECT_EQ(back.bytes, message.bytes);
  for (const char* text : {"", "{}", "{}\n", "[]\nx", "{\"version\": 9}\n"})
    EXPECT_THROW(Unpacked(text), Error) << text;
}

}  // namespace
}  // namespace headspec::sweep
