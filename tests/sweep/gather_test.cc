// Points of many cells read back from folders: what is there, what is not, and what must not be mixed.
#include "sweep/gather.h"

#include <gtest/gtest.h>

#include "error_of.h"
#include "report/sweep_sample.h"
#include "sweep/layout.h"
#include "temporary_folder.h"

namespace headspec::sweep {
namespace {

// The plan that a made-up sweep is of.
SweepPlan PlanOf(const SweepResult& sweep) {
  SweepPlan plan;
  plan.experiment = sweep.experiment;
  plan.purpose = sweep.purpose;
  plan.protocols.emplace_back().prompts.version = "Standard-10 v3";
  for (const SweepRow& row : sweep.rows) plan.cells.push_back(row.cell);
  plan.notes = {"a note of the plan"};
  return plan;
}

void Keep(const TemporaryFolder& folder, const std::string& sweep, const SweepRow& row) {
  folder.Write(sweep + "/" + kModelsFolder + "/" + row.cell.folder + "/" + kPointFile, PointJson(*row.point));
}

SweepResult Small() { return SampleSweep({{"org/tiny-70m", 7e7}, {"org/tiny-1b", 1e9}}, {0, 1, 10, 100}); }

class GatherTest : public testing::Test {
 protected:
  std::filesystem::path At(const std::string& name) const { return folder_.path() / name; }
  SweepResult Gathered(const SweepPlan& plan, const std::vector<std::string>& names) {
    std::vector<std::filesystem::path> folders;
    for (const std::string& name : names) folders.push_back(At(name));
    return Gather(plan, folders, silent_);
  }

  TemporaryFolder folder_;
  SilentProgress silent_;
};

TEST_F(GatherTest, TakesEachPointFromTheFolderThatHasIt) {
  const SweepResult sweep = Small();
  for (std::size_t row = 0; row < sweep.rows.size(); ++row)
    Keep(folder_, row % 2 == 0 ? "even" : "odd", sweep.rows[row]);
  const SweepResult found = Gathered(PlanOf(sweep), {"even", "odd"});
  ASSERT_EQ(found.rows.size(), 8u);
  for (std::size_t row = 0; row < 8; ++row) EXPECT_EQ(found.rows[row].point, sweep.rows[row].point) << row;
  EXPECT_EQ(found.rows[3].prompts, "Standard-10 v3");
  EXPECT_EQ(found.rows[3].folder, At("odd/models/" + sweep.rows[3].cell.folder).string());
  EXPECT_EQ(found.notes, std::vector<std::string>{"a note of the plan"});
  ASSERT_EQ(found.curves.size(), 2u);
  EXPECT_EQ(found.curves[0].model, "org/tiny-70m");
  EXPECT_EQ(found.curves[0].rows, (std::vector<std::size_t>{0, 1, 2, 3}));
  EXPECT_EQ(found.curves[1].parameters, 1000000000u);
  EXPECT_FALSE(found.readings.empty());
}

TEST_F(GatherTest, OrdersCurvesBySizeAndPointsByStep) {
  SweepResult sweep = SampleSweep({{"org/large", 1e9}, {"org/small", 7e7}}, {100, 1, 10});
  for (const SweepRow& row : sweep.rows) Keep(folder_, "all", row);
  const SweepResult found = Gathered(PlanOf(sweep), {"all"});
  EXPECT_EQ(found.curves[0].model, "org/small");
  EXPECT_EQ(found.curves[0].rows, (std::vector<std::size_t>{4, 5, 3}));
}

TEST_F(GatherTest, SharesThePointOfARepeat) {
  SweepResult sweep = Small();
  SweepRow again = sweep.rows[3];
  again.cell.revision = "main";
  again.cell.step.reset();
  sweep.rows.insert(sweep.rows.begin() + 3, again);
  for (const SweepRow& row : sweep.rows) Keep(folder_, "all", row);
  const SweepResult found = Gathered(PlanOf(sweep), {"all"});
  EXPECT_FALSE(found.rows[3].is_repeat);
  EXPECT_TRUE(found.rows[4].is_repeat);
  EXPECT_EQ(found.rows[4].point, found.rows[3].point);
  // Of the two revisions the one with a place in training is on the curve.
  EXPECT_EQ(found.curves[0].rows, (std::vector<std::size_t>{0, 1, 2, 4}));
}

TEST_F(GatherTest, SaysWhatFailedAndWhatIsMissing) {
  const SweepResult sweep = Small();
  for (std::size_t row = 2; row < sweep.rows.size(); ++row) Keep(folder_, "all", sweep.rows[row]);
  folder_.Write("all/failed/" + sweep.rows[1].cell.id + ".json", R"({"error": "no such file", "code": 3})");
  const SweepResult found = Gathered(PlanOf(sweep), {"all"});
  EXPECT_EQ(found.rows[0].error, "");
  EXPECT_EQ(found.rows[1].error, "no such file");
  EXPECT_EQ(found.rows[1].error_code, 3);
  EXPECT_EQ(found.notes[1], "1 of 8 measurements failed");
  EXPECT_EQ(found.notes[2], "1 of 8 measurements are missing: not made yet");
}

TEST_F(GatherTest, CountsADamagedPointAsMissing) {
  const SweepResult sweep = Small();
  for (const SweepRow& row : sweep.rows) Keep(folder_, "all", row);
  const auto write = [&](std::size_t row, const std::string& text) {
    folder_.Write("all/models/" + sweep.rows[row].cell.folder + "/point.json", text);
  };
  write(0, "{\"schema_version\": 1, ");
  write(1, PointJson(*sweep.rows[2].point));
  write(2, std::string(5'000'000, ' '));
  const SweepResult found = Gathered(PlanOf(sweep), {"all"});
  EXPECT_FALSE(found.rows[0].point || found.rows[1].point || found.rows[2].point);
  ASSERT_EQ(found.notes.size(), 5u);
  EXPECT_NE(found.notes[1].find("point.json: not JSON"), std::string::npos) << found.notes[1];
  EXPECT_NE(found.notes[2].find("of the cell 0000000000000002, not of 0000000000000001"), std::string::npos);
  EXPECT_NE(found.notes[3].find("too many"), std::string::npos);
  EXPECT_EQ(found.notes[4], "3 of 8 measurements are missing: not made yet");
  EXPECT_EQ(found.curves[0].rows, std::vector<std::size_t>{3});
}

TEST_F(GatherTest, FoldersMayRepeatButNotContradictOneAnother) {
  SweepResult sweep = Small();
  for (const SweepRow& row : sweep.rows) Keep(folder_, "one", row);
  sweep.rows[5].point->seconds *= 2;
  sweep.rows[5].point->warnings = {"slower machine"};
  for (const SweepRow& row : sweep.rows) Keep(folder_, "two", row);
  const SweepPlan plan = PlanOf(sweep);
  EXPECT_EQ(Gathered(plan, {"one", "two"}).rows[5].point->seconds, sweep.rows[5].point->seconds / 2);
  sweep.rows[5].point->si.value += 1e-9;
  Keep(folder_, "two", sweep.rows[5]);
  const std::string error = ErrorOf([&] { Gathered(plan, {"one", "two"}); });
  EXPECT_TRUE(error.starts_with("kInput: " + At("one").string())) << error;
  EXPECT_NE(error.find(At("two").string()), std::string::npos) << error;
  EXPECT_EQ(error.find('\n'), std::string::npos);
}

TEST_F(GatherTest, ReadsAThousandPoints) {
  std::vector<double> steps;
  for (int step = 0; step < 1000; ++step) steps.push_back(step);
  const SweepResult sweep = SampleSweep({{"org/tiny-70m", 7e7}}, steps);
  for (const SweepRow& row : sweep.rows) Keep(folder_, "all", row);
  const SweepResult found = Gathered(PlanOf(sweep), {"all"});
  EXPECT_EQ(found.curves.at(0).rows.size(), 1000u);
  EXPECT_EQ(found.rows.back().point, sweep.rows.back().point);
  const std::filesystem::path folder = At("saved");
  std::filesystem::create_directories(folder);
  EXPECT_EQ(SaveSweep(found, folder, silent_).figure_error, "");
}

}  // namespace
}  // namespace headspec::sweep
