// What a sweep leaves: points as JSON and back, the table, the figures.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "error_of.h"
#include "headspec/error.h"
#include "report/sweep_curves.h"
#include "report/sweep_json.h"
#include "report/sweep_page.h"
#include "report/sweep_sample.h"
#include "report/sweep_save.h"
#include "report/sweep_table.h"
#include "temporary_folder.h"

namespace headspec::report {
namespace {

const std::vector<SweepModel> kThreeSizes = {
    {"org/tiny-70m", 7e7}, {"org/tiny-160m", 1.6e8}, {"org/tiny-1b", 1e9}};

SweepPoint Awkward() {
  SweepPoint point = PointAt(7e7, 512, 7);
  point.si = {std::nan(""), {}};
  point.null_95.reset();
  point.null_p.reset();
  point.commit.clear();
  point.warnings = {"a \"warning\"", "another, with a comma"};
  point.metrics.emplace_back("duplicate_token", SweepValue{std::nan(""), {}});
  point.seconds = 1.0 / 3;
  return point;
}

TEST(SweepPointJson, ComesBackBitForBit) {
  const SweepPoint point = PointAt(7e7, 512, 7);
  EXPECT_EQ(ReadSweepPoint(SweepPointJson(point), "point.json"), point);
  const std::string text = SweepPointJson(Awkward());
  const SweepPoint read = ReadSweepPoint(text, "point.json");
  EXPECT_EQ(SweepPointJson(read), text);
  EXPECT_TRUE(std::isnan(read.si.value));
  EXPECT_FALSE(read.si.interval_95 || read.null_95 || read.null_p);
  EXPECT_EQ(read.seconds, 1.0 / 3);
}

struct Damage {
  const char* path;
  nlohmann::json value;
  const char* complaint;
};

class DamagedPoint : public testing::TestWithParam<Damage> {};

TEST_P(DamagedPoint, IsRefusedByName) {
  auto json = nlohmann::json::parse(SweepPointJson(PointAt(7e7, 512, 7)));
  json[nlohmann::json::json_pointer(GetParam().path)] = GetParam().value;
  const std::string text = json.dump();
  const std::string error = ErrorOf([&] { ReadSweepPoint(text, "DIR/point.json"); });
  EXPECT_NE(error.find("DIR/point.json"), std::string::npos) << error;
  EXPECT_NE(error.find(GetParam().complaint), std::string::npos) << error;
}

INSTANTIATE_TEST_SUITE_P(
    Fields, DamagedPoint,
    testing::Values(Damage{"/schema_version", 2, "a newer headspec"},
                    Damage{"/id", "x", "16 hexadecimal digits"},
                    Damage{"/si/value", "high", "a number or null"},
                    Damage{"/si/interval_95", {0.9, 0.1}, "low end first"},
                    Damage{"/si/interval_95", {0.9}, "a list of 2"}, Damage{"/null_p", 1.5, "from 0 to 1"},
                    Damage{"/layers", 0, "from 1 on"}, Damage{"/parameters", -1, "from 0 on"},
                    Damage{"/non_finite", -3, "from 0 on"}, Damage{"/metrics", 3, "an object"},
                    Damage{"/metrics/sink_mass/more", 1, "known keys"},
                    Damage{"/surprise", true, "known keys"}));

TEST(SweepPointJson, RefusesWhatIsNotJson) {
  for (const char* text : {"", "{", "[]", "null", "{\"schema_version\": 1}"})
    EXPECT_NE(ErrorOf([&] { ReadSweepPoint(text, "point.json"); }).find("point.json"), std::string::npos)
        << text;
  EXPECT_THROW(ReadSweepPoint(std::string(100000, '['), "point.json"), Error);
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

SweepResult WithGaps() {
  SweepResult sweep = SampleSweep({{"org/tiny-70m", 7e7}}, {0, 1, 2, 4});
  sweep.rows[1].point.reset();
  sweep.rows[2].point.reset();
  for (const std::size_t row : {1, 2}) sweep.rows[row].folder.clear();
  sweep.rows[2].error = "no such revision, said \"the hub\"";
  sweep.rows[2].error_code = 3;
  sweep.curves[0].rows = {0, 3};
  SweepRow again = sweep.rows[3];
  again.cell.revision = "main";
  again.cell.step.reset();
  again.is_repeat = true;
  sweep.rows.push_back(again);
  return sweep;
}

TEST(SweepTable, HasARowForEveryCell) {
  const std::vector<std::string> lines = Lines(SweepTable(WithGaps()));
  ASSERT_EQ(lines.size(), 6u);
  EXPECT_TRUE(lines[0].starts_with(
      "model,size,parameters,revision,commit,step,dtype,prompts,variant,status,error,si,si_low,si_high,"))
      << lines[0];
  EXPECT_NE(lines[0].find(",sink_mass,sink_mass_low,sink_mass_high,"), std::string::npos);
  EXPECT_TRUE(lines[1].starts_with("org/tiny-70m,70M,70000000,step0,cccc"));
  EXPECT_TRUE(lines[2].starts_with("org/tiny-70m,,,step1,,1,float32,Standard-10 v3,,missing,,,,,"));
  EXPECT_NE(lines[3].find(",failed,\"no such revision, said \"\"the hub\"\"\","), std::string::npos)
      << lines[3];
  EXPECT_NE(lines[5].find(",main,"), std::string::npos);
  EXPECT_NE(lines[5].find(",true,"), std::string::npos);
  for (const std::string& line : {lines[0], lines[1], lines[2]})
    EXPECT_EQ(std::count(line.begin(), line.end(), ','), std::count(lines[0].begin(), lines[0].end(), ','));
}

TEST(SweepJson, SaysWhatBecameOfEveryCell) {
  const auto json = nlohmann::json::parse(SweepJson(WithGaps()));
  EXPECT_EQ(json.at("schema_version"), 1);
  ASSERT_EQ(json.at("cells").size(), 5u);
  EXPECT_EQ(json.at("cells")[0].at("status"), "measured");
  EXPECT_EQ(json.at("cells")[0].at("point").at("si").at("value"), PointAt(7e7, 0, 0).si.value);
  EXPECT_TRUE(json.at("cells")[1].at("point").is_null());
  EXPECT_EQ(json.at("cells")[2].at("error_code"), 3);
  EXPECT_EQ(json.at("curves")[0].at("rows"), nlohmann::json({0, 3}));
}

TEST(SweepCurves, HaveAPanelForEachSize) {
  const SweepFigures figures = DescribeCurves(SampleSweep(kThreeSizes, PythiaSteps()));
  ASSERT_EQ(figures.pictures.size(), 2u);
  EXPECT_TRUE(figures.notes.empty());
  const std::string& script = figures.pictures[0].script;
  EXPECT_NE(script.find("panels = 6"), std::string::npos);
  EXPECT_NE(script.find("'70M parameters', '', '160M parameters', '', '1B parameters', ''"),
            std::string::npos);
  EXPECT_NE(script.find("has_break = 1"), std::string::npos) << "step 0 has no place on a logarithmic axis";
  EXPECT_NE(figures.pictures[1].script.find("panels = 4"), std::string::npos);
}

TEST(SweepCurves, AreLinearWhereStepsAre) {
  const SweepFigures figures = DescribeCurves(SampleSweep({{"org/tiny", 7e7}}, {0, 1000, 2000, 3000}));
  EXPECT_NE(figures.pictures[0].script.find("is_log = 0"), std::string::npos);
  EXPECT_NE(figures.pictures[0].script.find("has_break = 0"), std::string::npos);
}

TEST(SweepCurves, AreOverSizeOrNamesWithoutSteps) {
  const auto without_steps = [](SweepResult sweep) {
    for (SweepRow& row : sweep.rows) row.cell.step.reset();
    return sweep;
  };
  const SweepFigures sizes = DescribeCurves(without_steps(SampleSweep(kThreeSizes, {1000})));
  EXPECT_NE(sizes.pictures[0].script.find("Parameters (log scale)"), std::string::npos);
  const SweepFigures names =
      DescribeCurves(without_steps(SampleSweep({{"org/seed-1", 7e7}, {"org/seed-2", 7e7}}, {1000})));
  ASSERT_EQ(names.pictures.size(), 1u);
  EXPECT_NE(names.pictures[0].script.find("array names[2] = ['seed-1', 'seed-2']"), std::string::npos);
}

TEST(SweepCurves, SayWhatTheyLeaveOut) {
  EXPECT_EQ(DescribeCurves(SweepResult{}).notes.size(), 1u);
  SweepResult sweep = SampleSweep({{"org/tiny", 7e7}}, {0, 1, 2});
  sweep.rows[1].cell.step.reset();
  EXPECT_EQ(DescribeCurves(sweep).notes,
            std::vector<std::string>{"curves leave out 1 of 3 points: their revisions name no step"});
}

std::string Content(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// HEADSPEC_KEEP names a folder in which the files stay to be looked at.
std::filesystem::path FolderFor(const TemporaryFolder& temporary, const char* name) {
  const char* keep = std::getenv("HEADSPEC_KEEP");
  const std::filesystem::path folder =
      (keep != nullptr ? std::filesystem::path(keep) : temporary.path()) / name;
  std::filesystem::create_directories(folder);
  return folder;
}

TEST(SaveSweep, PutsEverythingOverWhatWasThere) {
  const TemporaryFolder temporary;
  SilentProgress silent;
  const auto folder = FolderFor(temporary, "steps");
  std::ofstream(folder / "plan.json") << "kept";
  SweepResult sweep = SampleSweep(kThreeSizes, PythiaSteps());
  sweep.experiment = "Before";
  SaveSweepReport(sweep, folder, silent);
  sweep.experiment = "After";
  const Saved saved = SaveSweepReport(sweep, folder, silent);
  EXPECT_EQ(saved.figure_error, "");
  EXPECT_EQ(saved.paths.size(), 13u);
  for (const auto& path : saved.paths) EXPECT_GT(std::filesystem::file_size(path), 0u) << path;
  EXPECT_EQ(saved.paths.front().filename(), "sweep.json");
  EXPECT_NE(Content(folder / "sweep.json").find("After"), std::string::npos);
  EXPECT_NE(Content(folder / "report.html").find("\"kind\":\"sweep\""), std::string::npos);
  EXPECT_EQ(Content(folder / "plan.json"), "kept");
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    EXPECT_FALSE(entry.path().filename().string().starts_with(".")) << entry.path();
}

// Cells of another folder are named from the one that is written.
TEST(SaveSweep, NamesResultsOfOtherFolders) {
  const TemporaryFolder temporary;
  SilentProgress silent;
  SweepResult sweep = SampleSweep({{"org/seed-1", 7e7}}, {1, 2});
  sweep.rows[0].folder = (temporary.path() / "shard-1/models/one").string();
  sweep.rows[1].folder = (temporary.path() / "together/models/two").string();
  std::filesystem::create_directories(temporary.path() / "together");
  SaveSweepReport(sweep, temporary.path() / "together", silent);
  const auto json = nlohmann::json::parse(Content(temporary.path() / "together/sweep.json"));
  EXPECT_EQ(json.at("cells")[0].at("folder"), "../shard-1/models/one");
  EXPECT_EQ(json.at("cells")[1].at("folder"), "models/two");
}

TEST(SaveSweep, DrawsTheOtherFiguresAndDropsOldOnes) {
  const TemporaryFolder temporary;
  SilentProgress silent;
  const auto folder = FolderFor(temporary, "names");
  SweepResult sweep = SampleSweep(kThreeSizes, {1000});
  for (SweepRow& row : sweep.rows) row.cell.step.reset();
  EXPECT_EQ(SaveSweepReport(sweep, folder, silent).figure_error, "");
  EXPECT_TRUE(std::filesystem::exists(folder / "curves_metrics.png"));
  for (SweepRow& row : sweep.rows) row.point->parameters = 70000000;
  for (SweepCurve& curve : sweep.curves) curve.parameters = 70000000;
  EXPECT_EQ(SaveSweepReport(sweep, folder, silent).figure_error, "");
  EXPECT_FALSE(std::filesystem::exists(folder / "curves_metrics.png"));
  EXPECT_EQ(SaveSweepReport(WithGaps(), FolderFor(temporary, "gaps"), silent).figure_error, "");
  SweepResult nothing;
  nothing.timestamp = "20260101_120000";
  nothing.experiment = "Nothing yet";
  const Saved saved = SaveSweepReport(nothing, FolderFor(temporary, "nothing"), silent);
  EXPECT_EQ(saved.paths.size(), 3u);
}

}  // namespace
}  // namespace headspec::report
