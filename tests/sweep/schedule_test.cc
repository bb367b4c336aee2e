#include "sweep/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>

namespace headspec::sweep {
namespace {

SweepPlan PlanOf(const std::vector<double>& seconds, int prompts = 1, int split = 0) {
  SweepPlan plan;
  plan.protocols.emplace_back();
  plan.protocols[0].prompts.prompts.assign(static_cast<std::size_t>(prompts), "a prompt");
  plan.split_prompts = split;
  for (const double s : seconds) {
    SweepCell cell;
    cell.id = "cell " + std::to_string(plan.cells.size());
    cell.cost.seconds = s;
    cell.cost.operations = 1e11 * s;
    plan.cells.push_back(cell);
  }
  return plan;
}

std::vector<std::size_t> Handed(Schedule& schedule) {
  std::vector<std::size_t> order;
  while (const auto task = schedule.Next(0)) {
    order.push_back(task->cell);
    schedule.Done(0);
  }
  return order;
}

TEST(Schedule, HandsOutTheLargestFirstAndEqualsInOrder) {
  const SweepPlan plan = PlanOf({1, 5, 3, 5, 0});
  Schedule schedule(plan, DistinctCells(plan));
  EXPECT_EQ(Handed(schedule), (std::vector<std::size_t>{1, 3, 2, 0, 4}));
  EXPECT_TRUE(schedule.Finished());
}

TEST(Schedule, HandsOutOnlyWhatIsWanted) {
  const SweepPlan plan = PlanOf({1, 5, 3});
  Schedule schedule(plan, {0, 2});
  EXPECT_EQ(schedule.cells_left(), 2U);
  EXPECT_EQ(Handed(schedule), (std::vector<std::size_t>{2, 0}));
}

TEST(Schedule, IsFinishedOnlyWhenNobodyIsAtWork) {
  const SweepPlan plan = PlanOf({1, 2});
  Schedule schedule(plan, DistinctCells(plan));
  ASSERT_TRUE(schedule.Next(7));
  ASSERT_TRUE(schedule.Next(8));
  EXPECT_FALSE(schedule.Next(9));
  schedule.Done(7);
  EXPECT_FALSE(schedule.Finished());
  schedule.Done(8);
  EXPECT_TRUE(schedule.Finished());
}

TEST(Schedule, ALostTaskIsHandedOutAgain) {
  const SweepPlan plan = PlanOf({1, 2});
  Schedule schedule(plan, DistinctCells(plan));
  ASSERT_EQ(schedule.Next(1)->cell, 1U);
  EXPECT_FALSE(schedule.Lost(1, Loss::kVanished));
  EXPECT_FALSE(schedule.TaskOf(1));
  ASSERT_EQ(schedule.Next(2)->cell, 1U);
  schedule.Done(1);  // of a worker that was thought lost: it has no task
  EXPECT_EQ(schedule.cells_left(), 2U);
  schedule.Done(2);
  EXPECT_EQ(schedule.cells_left(), 1U);
}

TEST(Schedule, ACellThatKillsTwoWorkersIsGivenUp) {
  const SweepPlan plan = PlanOf({1, 2});
  Schedule schedule(plan, DistinctCells(plan));
  ASSERT_EQ(schedule.Next(1)->cell, 1U);
  EXPECT_FALSE(schedule.Lost(1, Loss::kDied));
  ASSERT_EQ(schedule.Next(1)->cell, 1U);
  EXPECT_FALSE(schedule.Lost(1, Loss::kVanished));  // a machine that went away says nothing of the model
  ASSERT_EQ(schedule.Next(1)->cell, 1U);
  EXPECT_EQ(schedule.Lost(1, Loss::kDied), std::optional<std::size_t>(1));
  EXPECT_EQ(schedule.Next(1)->cell, 0U);
  schedule.Done(1);
  EXPECT_TRUE(schedule.Finished());
}

TEST(Schedule, ACellThatIsLostAgainAndAgainIsGivenUp) {
  const SweepPlan plan = PlanOf({1});
  Schedule schedule(plan, {0});
  for (int i = 1; i < Schedule::kMostLosses; ++i) {
    ASSERT_TRUE(schedule.Next(i));
    ASSERT_FALSE(schedule.Lost(i, Loss::kVanished));
  }
  ASSERT_TRUE(schedule.Next(0));
  EXPECT_TRUE(schedule.Lost(0, Loss::kVanished));
  EXPECT_TRUE(schedule.Finished());
}

TEST(Schedule, PromptsAreMeasuredInRangesAndThenJoined) {
  const SweepPlan plan = PlanOf({7}, 7, 3);
  Schedule schedule(plan, {0});
  std::vector<PromptRange> ranges;
  for (int worker = 0; worker < 3; ++worker) {
    const auto task = schedule.Next(worker);
    ASSERT_TRUE(task && task->range);
    ranges.push_back(*task->range);
  }
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(ranges[i].first, 3 * static_cast<int>(i));
    EXPECT_EQ(ranges[i].last, std::min(3 * static_cast<int>(i) + 3, 7));
  }
  EXPECT_FALSE(schedule.Next(3));
  schedule.Done(0);
  EXPECT_FALSE(schedule.Lost(1, Loss::kVanished));
  schedule.Done(2);
  const auto again = schedule.Next(2);
  ASSERT_TRUE(again && again->range);
  EXPECT_EQ(again->range->first, 3);
  schedule.Done(2);
  EXPECT_FALSE(schedule.Next(1, /*may_join=*/false));
  const auto joining = schedule.Next(0);
  ASSERT_TRUE(joining);
  EXPECT_FALSE(joining->range);
  EXPECT_FALSE(schedule.Lost(0, Loss::kVanished));
  EXPECT_FALSE(schedule.Next(1, /*may_join=*/false));
  ASSERT_TRUE(schedule.Next(0));
  schedule.Done(0);
  EXPECT_TRUE(schedule.Finished());
}

TEST(Schedule, OfAFailedCellNoOtherRangeIsBegun) {
  const SweepPlan plan = PlanOf({6, 1}, 6, 2);
  Schedule schedule(plan, {0, 1});
  ASSERT_EQ(schedule.Next(1)->cell, 0U);
  ASSERT_EQ(schedule.Next(2)->cell, 0U);
  schedule.Failed(1);
  schedule.Done(2);
  EXPECT_EQ(schedule.Next(1)->cell, 1U);
  EXPECT_EQ(schedule.cells_left(), 1U);
}

// Whatever happens to workers, every cell ends once: measured or given up.
TEST(Schedule, LosesAndDoublesNothing) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    std::mt19937 random(seed);
    std::vector<double> seconds;
    for (int i = 0; i < 40; ++i) seconds.push_back(static_cast<double>(random() % 9));
    const SweepPlan plan = PlanOf(seconds, 5, seed % 2 == 0 ? 2 : 0);
    Schedule schedule(plan, DistinctCells(plan));
    std::map<std::size_t, std::set<int>> parts;
    std::map<std::size_t, int> ends;
    while (!schedule.Finished()) {
      const int worker = static_cast<int>(random() % 6);
      const auto task = schedule.TaskOf(worker);
      if (!task) {
        if (const auto next = schedule.Next(worker); next && !next->range && seed % 2 == 0) {
          EXPECT_EQ(parts[next->cell].size(), 3U);
        }
        continue;
      }
      const auto fate = random() % 10;
      if (fate < 2) {
        if (const auto given_up = schedule.Lost(worker, fate == 0 ? Loss::kDied : Loss::kVanished))
          ++ends[*given_up];
      } else {
        if (task->range)
          EXPECT_TRUE(parts[task->cell].insert(task->range->first).second || ends[task->cell] > 0);
        else
          ++ends[task->cell];
        schedule.Done(worker);
      }
    }
    EXPECT_EQ(schedule.cells_left(), 0U);
    EXPECT_EQ(ends.size(), 40U);
    for (const auto& [cell, count] : ends) EXPECT_EQ(count, 1) << "seed " << seed << ", cell " << cell;
  }
}

TEST(Shard, PartsCoverAllAndAreBalanced) {
  std::vector<double> seconds;
  std::mt19937 random(1);
  for (int i = 0; i < 100; ++i) seconds.push_back(1 + static_cast<double>(random() % 100));
  const SweepPlan plan = PlanOf(seconds);
  std::set<std::size_t> all;
  std::vector<double> loads;
  for (int i = 0; i < 7; ++i) {
    double load = 0;
    for (const std::size_t cell : ShardOf(plan, i, 7)) {
      EXPECT_TRUE(all.insert(cell).second);
      load += seconds[cell];
    }
    loads.push_back(load);
  }
  EXPECT_EQ(all.size(), 100U);
  const auto [least, most] = std::minmax_element(loads.begin(), loads.end());
  EXPECT_LT(*most - *least, 10);
}

TEST(Shard, UnknownCostsAreSharedOutByNumberAndRepeatsLeftOut) {
  SweepPlan plan = PlanOf({0, 0, 0, 0, 0});
  plan.cells[3].id = plan.cells[0].id;
  EXPECT_EQ(DistinctCells(plan), (std::vector<std::size_t>{0, 1, 2, 4}));
  EXPECT_EQ(ShardOf(plan, 0, 2), (std::vector<std::size_t>{0, 2}));
  EXPECT_EQ(ShardOf(plan, 1, 2), (std::vector<std::size_t>{1, 4}));
  EXPECT_TRUE(ShardOf(plan, 8, 9).empty());
}

}  // namespace
}  // namespace headspec::sweep
