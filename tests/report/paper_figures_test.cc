#include "report/paper_figures.h"

#include <limits>
#include <map>
#include <sstream>

#include "report/helpers.h"
#include "report/label_places.h"

namespace headspec::report {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

std::size_t Occurrences(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

// In points.
double WidthOf(const std::filesystem::path& pdf) {
  const CommandResult info = RunCommand("pdfinfo '" + pdf.string() + "' | grep 'Page size'");
  double points = 0;
  std::istringstream(info.output.substr(info.output.find(':') + 1)) >> points;
  return points;
}

class PaperFiguresTest : public testing::Test {
 protected:
  void Write(const RunResult& run, PaperRequest request = {}) {
    const TemporaryFolder fresh;
    names_ = WritePaperFigures(PaperFigures(run, request), request.width, fresh.path());
    files_.clear();
    for (const std::string& name : names_) files_[name] = ReadFile(fresh.path() / name);
  }
  const std::string& File(const std::string& name) { return files_.at("figures/" + name); }
  bool SvgHas(const std::string& stem, const std::string& text) {
    return File(stem + ".svg").find(text) != std::string::npos;
  }

  std::vector<std::string> names_;
  std::map<std::string, std::string> files_;
};

RunResult FullRun() {
  RunResult run = SampleRun();
  run.models[0].statistics.index = SampleStatistics();
  run.trend.on_log_size.value =
      LineStatistics{.n = 4, .slope = -0.004, .intercept = 0.33, .slope_95 = Interval{-0.02, 0.012}};
  return run;
}

TEST_F(PaperFiguresTest, AreTheLadderSizeAndHeadMapsWithWhatDrawsThem) {
  Write(FullRun());
  std::vector<std::string> expected;
  for (const char* stem : {"ladder", "size", "head_maps"})
    for (const std::string& name : PictureFiles(stem)) expected.push_back("figures/" + name);
  expected.push_back("figures/figures.tex");
  EXPECT_EQ(names_, expected);
  EXPECT_EQ(File("ladder.dat"),
            "# row\tSI measured\tSI published\theads shuffled within layers, middle 95 %: from\tto\t95 % "
            "interval over prompts: from\tto\tmodel\n"
            "0\t0.3412\tnan\t0.3401\t0.3489\t0.3309\t0.3522\tPhi-1.5 (1.3B)\n"
            "1\t0.3051\tnan\tnan\tnan\tnan\tnan\tPhi-2 (2.7B)\n"
            "2\tnan\t0.329\tnan\tnan\tnan\tnan\tPhi-3-mini (3.8B)\n"
            "3\tnan\t0.334\tnan\tnan\tnan\tnan\tPhi-3-medium (14B)\n");
  EXPECT_NE(File("head_maps.dat").find("0.25 0.5\n0.75 1.0\n"), std::string::npos);
  for (const char* text : {"measured, 95 % interval over prompts", "published value", "target 0.33 ± 0.05",
                           "heads shuffled within layers, middle 95 %", ">0.341<", "Phi-3-medium (14B)"})
    EXPECT_TRUE(SvgHas("ladder", text)) << text;
  EXPECT_TRUE(SvgHas("size", "trend: −0.004 per doubling (95 %: −0.02 to 0.012)"));
  EXPECT_TRUE(SvgHas("head_maps", "Received entropy (0 to 1)"));
}

TEST_F(PaperFiguresTest, HaveTheWidthOfTheColumnAndText) {
  const TemporaryFolder folder;
  for (const double mm : {89.0, 183.0, 40.0, 400.0}) {
    const auto place = folder.path() / std::to_string(mm);
    std::filesystem::create_directory(place);
    WritePaperFigures(PaperFigures(FullRun(), {{mm}, {}}), {mm}, place);
    for (const char* stem : {"ladder", "size", "head_maps"}) {
      const std::string pdf = "'" + (place / "figures" / (std::string(stem) + ".pdf")).string() + "'";
      EXPECT_NEAR(WidthOf(place / "figures" / (std::string(stem) + ".pdf")), mm / 25.4 * 72, 1) << stem;
      std::istringstream fonts(RunCommand("pdffonts " + pdf + " | tail -n +3").output);
      for (std::string line; std::getline(fonts, line);) {
        // Columns after the encoding: embedded, subset, unicode map.
        EXPECT_NE(line.find(" yes yes yes "), std::string::npos) << line;
        EXPECT_NE(line.find("LiberationSans"), std::string::npos) << line;
      }
      EXPECT_NE(RunCommand("pdftotext " + pdf + " -").output.find("Phi-1.5"), std::string::npos) << stem;
    }
  }
}

TEST_F(PaperFiguresTest, AreDrawnAgainFromTheirEditedFiles) {
  const TemporaryFolder folder;
  WritePaperFigures(PaperFigures(FullRun(), {}), {}, folder.path());
  const auto place = folder.path() / "figures";
  std::string script = ReadFile(place / "ladder.gp");
  script.replace(script.find("width = 89.0"), 12, "width = 120.0");
  PutFile(place / "ladder.gp", script);
  for (const char* stem : {"ladder", "size", "head_maps"}) {
    std::filesystem::remove(place / (std::string(stem) + ".pdf"));
    const CommandResult again = RunCommand("cd '" + place.string() + "' && gnuplot " + stem + ".gp");
    EXPECT_EQ(again.output, "");
    EXPECT_EQ(again.status, 0);
    EXPECT_TRUE(std::filesystem::exists(place / (std::string(stem) + ".pdf"))) << stem;
  }
  EXPECT_NEAR(WidthOf(place / "ladder.pdf"), 120 / 25.4 * 72, 1);
}

TEST_F(PaperFiguresTest, FailedModelsAreNamedAndHaveNoMark) {
  RunResult run = FullRun();
  run.models.push_back(FailedModel("broken", "2B", "out of memory"));
  run.models.push_back(SampleModel("odd (huge)", "huge", 0.3));
  run.models.push_back(SampleModel("undefined", "1B", kNaN));
  Write(run);
  EXPECT_TRUE(SvgHas("ladder", ">failed<"));
  EXPECT_TRUE(SvgHas("ladder", ">not finite<"));
  EXPECT_FALSE(SvgHas("size", "broken"));
  const std::string& latex = File("figures.tex");
  EXPECT_NE(latex.find("Without a mark: undefined: its index is not finite; broken: it failed."),
            std::string::npos)
      << latex;
  EXPECT_NE(latex.find("Not shown: broken: it failed; odd (huge): size \"huge\" is not a number; undefined: "
                       "its index is not finite."),
            std::string::npos)
      << latex;
  EXPECT_NE(latex.find("Not shown: broken: it failed."), std::string::npos) << latex;
}

TEST_F(PaperFiguresTest, CellsWithoutAValueAreHatched) {
  RunResult run = FullRun();
  Write(run);
  EXPECT_EQ(Occurrences(File("head_maps.gp"), "has_gaps[1] = 0"), 1u);
  EXPECT_EQ(File("figures.tex").find("Hatched"), std::string::npos);
  const std::string plain = File("head_maps.svg");
  run.models[0].head_entropies[0][1] = kNaN;
  Write(run);
  EXPECT_NE(File("head_maps.dat").find("0.25 NaN\n"), std::string::npos);
  EXPECT_GT(Occurrences(File("head_maps.svg"), "pattern"), Occurrences(plain, "pattern"));
  EXPECT_NE(File("figures.tex").find("Hatched: not defined."), std::string::npos);
  run.models[0].head_entropies = {{kNaN, kNaN}, {kNaN, kNaN}};
  run.models.resize(1);
  Write(run);
}

TEST_F(PaperFiguresTest, OneModelOneLayerAndNothingElseAreDrawn) {
  RunResult run = MeasureRun();
  run.models.resize(1);
  run.models[0].head_entropies = {{0.25, 0.5, 0.75}};
  Write(run);
  EXPECT_FALSE(SvgHas("ladder", "target"));
  EXPECT_FALSE(SvgHas("ladder", "published"));
  EXPECT_FALSE(SvgHas("size", "trend"));
  run.models[0].head_entropies = {{0.5}};
  Write(run);
  run.models[0] = FailedModel("broken", "2B", "out of memory");
  Write(run);
  EXPECT_EQ(names_.size(), PictureFiles("ladder").size() + 1);
}

TEST_F(PaperFiguresTest, TenModelsWithLongNamesWrapAndKeepTheirNames) {
  RunResult run = FullRun();
  run.models.clear();
  for (int i = 0; i < 10; ++i) {
    run.models.push_back(SampleModel("organisation/A-rather-long-name-of-a-model-" + std::to_string(i),
                                     std::to_string(i + 1) + "B", 0.3 + 0.001 * i));
    run.models.back().head_entropies = Table(96, std::vector<double>(96, 0.5 + 0.01 * i));
  }
  Write(run);
  // Too many for names beside the points: numbers, with a list.
  EXPECT_NE(File("size.gp").find("listed = 12\n"), std::string::npos);
  EXPECT_TRUE(SvgHas("size", ">10  "));
  EXPECT_NE(File("head_maps.gp").find("columns = 3\n"), std::string::npos);
  EXPECT_EQ(Occurrences(File("head_maps.svg"), "<image"), 10u);
  EXPECT_LT(File("head_maps.svg").size(), 2'000'000u);
  Write(run, {kDoubleColumn, {}});
  EXPECT_NE(File("head_maps.gp").find("columns = 4\n"), std::string::npos);
}

TEST_F(PaperFiguresTest, OtherMetricsAreDrawnOnRequest) {
  RunResult run = FullRun();
  run.models[0].head_metrics = {{.name = "sink_mass", .mean = {{0.5, 0.25}, {0.75, 0.125}}}};
  Write(run, {kSingleColumn, {"sink_mass"}});
  EXPECT_TRUE(SvgHas("head_maps_sink_mass", "Attention to position 0 (share)"));
  EXPECT_NE(File("figures.tex").find("Not shown: Phi-2 (2.7B): not measured."), std::string::npos);
  const std::string error = ErrorOf(
      [&] {
        PaperFigures(run, {kSingleColumn, {"induction"}});
      },
      ErrorKind::kInput);
  EXPECT_EQ(error, "figure of induction: no model has this metric; measure with --metrics all");
}

TEST_F(PaperFiguresTest, HostileNamesAreOnlyText) {
  const TemporaryFolder traps;
  const std::string trap = (traps.path() / "trap").string();
  RunResult run = FullRun();
  for (ModelResult& model : run.models) model.display = "a_{b}$'\"`touch " + trap + "`\t\\n%&#~^\\x";
  run.plan.references[0].name = "'; system('touch " + trap + "'); # \n line\xff";
  Write(run);
  EXPECT_FALSE(std::filesystem::exists(trap));
  run.models.push_back(FailedModel("a_{b}$%&#~^\\x", "2B", "no"));
  Write(run);
  EXPECT_NE(
      File("figures.tex")
          .find("a\\_\\{b\\}\\$\\%\\&\\#\\textasciitilde{}\\textasciicircum{}\\textbackslash{}x: it failed"),
      std::string::npos)
      << File("figures.tex");
}

TEST_F(PaperFiguresTest, FailureLeavesNothing) {
  const TemporaryFolder folder;
  std::vector<PaperFigure> figures = PaperFigures(FullRun(), {});
  figures[1].pictures.script += "set no such thing\n";
  const std::string error =
      ErrorOf([&] { WritePaperFigures(figures, {}, folder.path()); }, ErrorKind::kSystem);
  EXPECT_NE(error.find("nrecognized option"), std::string::npos) << error;
  EXPECT_EQ(NamesIn(folder.path()), std::vector<std::string>{});
}

PairSide Side(const std::string& name, std::size_t layers, double entropy) {
  PairSide side;
  side.name = name;
  side.specialization_index = 0.5;
  side.entropies = Table(layers, {entropy, 0.25});
  return side;
}

TEST_F(PaperFiguresTest, PairShowsItsMapsAndDifferences) {
  Comparison pair;
  pair.base = Side("org/base", 2, 0.5);
  pair.tuned = Side("org/tuned", 2, 0.75);
  pair.map_difference = Table{{0.25, 0}, {0.25, 0}};
  pair.num_prompts = 10;
  pair.verdict.code = "B_PARTIAL";
  pair.deltas = {{.name = "specialization",
                  .value = -0.25,
                  .bootstrap = PromptBootstrap{.percentile_95 = {-0.3, -0.1}},
                  .null = ShuffleNull{.what = "heads shuffled", .band_95 = {-0.05, 0.05}}},
                 {.name = "gqa_ratio", .value = 0.125}};
  for (const FigureWidth width : {kSingleColumn, kDoubleColumn}) {
    const TemporaryFolder folder;
    const auto names = WritePaperFigures(PaperFigures(pair, {width, {}}), width, folder.path());
    EXPECT_EQ(names.size(), 6u);
    const std::string svg = ReadFile(folder.path() / "figures/comparison.svg");
    for (const char* text : {"base: base", "tuned: tuned", "SI 0.500", "SI: −0.25", "Within / between groups",
                             "line: 95 % interval, grey: null, 95 %", "Tuned − base"})
      EXPECT_NE(svg.find(text), std::string::npos) << text;
    EXPECT_NE(
        ReadFile(folder.path() / "figures/comparison.dat").find("-0.25 -0.3 -0.1 -0.05 0.05\n0.125 nan"),
        std::string::npos);
    const std::string latex = ReadFile(folder.path() / "figures/figures.tex");
    EXPECT_NE(latex.find("bootstrap intervals over prompts (n = 10)"), std::string::npos) << latex;
    EXPECT_NE(latex.find("heads shuffled (SI)"), std::string::npos) << latex;
  }
}

TEST_F(PaperFiguresTest, PairOfDifferentShapesSaysSo) {
  Comparison pair;
  pair.base = Side("base", 1, 0.5);
  pair.tuned = Side("tuned", 3, kNaN);
  pair.deltas = {{.name = "specialization", .value = 0}};
  const TemporaryFolder folder;
  WritePaperFigures(PaperFigures(pair, {}), {}, folder.path());
  EXPECT_NE(ReadFile(folder.path() / "figures/comparison.svg").find("layers or heads differ"),
            std::string::npos);
}

TEST(WrapMm, BreaksAtBreaksAndCutsTheMiddle) {
  EXPECT_EQ(WrapMm("short", 30, 2), std::vector<std::string>{"short"});
  EXPECT_EQ(WrapMm("meta-llama/Llama-3.1-8B", 20, 2),
            (std::vector<std::string>{"meta-llama/", "Llama-3.1-8B"}));
  const auto cut = WrapMm("organisation/model-with-a-name-beyond-all-measure-v2", 20, 2);
  EXPECT_EQ(cut.size(), 2u);
  EXPECT_TRUE(cut.back().ends_with("-v2")) << cut.back();
  EXPECT_EQ(WrapMm("", 20, 2), std::vector<std::string>{""});
}

TEST(PlaceLabels, CoverNeitherEachOtherNorLines) {
  const PanelMm panel{.width = 50, .height = 30};
  const std::vector<Mark> marks = {{0.5, 0.5, 0.5, 0.5}, {0.55, 0.5, 0.5, 0.5}};
  const auto places = PlaceLabels(panel, marks, {10, 10}, 3, true);
  ASSERT_EQ(places.size(), 2u);
  EXPECT_EQ(places[0].alignment, "right") << "the other point is at its right";
  EXPECT_EQ(places[1].alignment, "left");
  EXPECT_TRUE(PlaceLabels(panel, marks, {60, 60}, 3, true).empty());
  EXPECT_EQ(PlaceLabels(panel, marks, {60, 60}, 3, false).size(), 2u);
  PanelMm crossed = panel;
  crossed.lines = {{0, 0.5, 1, 0.5}};
  EXPECT_NE(PlaceLabels(crossed, marks, {10, 10}, 3, true)[0].dy, 0);
}

}  // namespace
}  // namespace headspec::report
