#include "report/figure.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <sstream>

#include "report/gnuplot.h"
#include "report/helpers.h"

namespace headspec::report {
namespace {

using Names = std::vector<std::string>;

const Names kAllFiles = {"figure.dat", "figure.gp", "figure.pdf", "figure.png", "figure.svg"};

unsigned BigEndian(const std::string& bytes, std::size_t at) {
  unsigned value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes.at(at + i));
  return value;
}

class FigureTest : public testing::Test {
 protected:
  void Render(const RunResult& run) const { RenderFigure(DescribeFigure(run), folder_.path()); }
  std::string Read(const std::string& name) const { return ReadFile(folder_.path() / name); }
  bool SvgHas(const std::string& text) const { return Read("figure.svg").find(text) != std::string::npos; }

  TemporaryFolder folder_;
};

TEST_F(FigureTest, DrawsThreePicturesAndKeepsWhatTheyAreMadeFrom) {
  RunResult run = SampleRun();
  run.models[0].statistics.index = SampleStatistics();
  Render(run);
  EXPECT_EQ(NamesIn(folder_.path()), kAllFiles);
  const std::string png = Read("figure.png");
  EXPECT_EQ(png.substr(0, 8), "\x89PNG\r\n\x1a\n");
  EXPECT_EQ(BigEndian(png, 16), 2100u);
  EXPECT_EQ(BigEndian(png, 20), 900u);
  EXPECT_EQ(
      Read("figure.dat"),
      "# size in billions\tSI\t95 % interval over prompts: from\tto\theads shuffled within layers, middle "
      "95 %: from\tto\tlabel\tmodel\n"
      "1.3\t0.3412\t0.3309\t0.3522\t0.3401\t0.3489\t\"1.3B\"\t\"Phi-1.5 (1.3B)\"\n"
      "2.7\t0.3051\tnan\tnan\tnan\tnan\t\"2.7B\"\t\"Phi-2 (2.7B)\"\n"
      "3.8\t0.329\tnan\tnan\tnan\tnan\t\"3.8B\"\t\"Phi-3-mini (3.8B)\"\n"
      "14.0\t0.334\tnan\tnan\tnan\tnan\t\"14B\"\t\"Phi-3-medium (14B)\"\n");
  EXPECT_TRUE(SvgHas("95 % interval over prompts"));
  EXPECT_TRUE(SvgHas("heads shuffled within layers"));
}

TEST_F(FigureTest, WithoutStatisticsHasNoMarksOfThem) {
  Render(SampleRun());
  EXPECT_FALSE(SvgHas("95 % interval over prompts"));
  EXPECT_FALSE(SvgHas("heads shuffled within layers"));
}

TEST_F(FigureTest, TheAxisGrowsForAnInterval) {
  RunResult run = MeasureRun();
  run.models[0].statistics.index = SampleStatistics();
  run.models[0].statistics.index.bootstrap.value->bca_95 = Interval{0.3, 1.15};
  Render(run);
  EXPECT_TRUE(SvgHas(">1.2<"));
}

TEST_F(FigureTest, PdfEmbedsItsFontsAndHasThePapersSize) {
  Render(SampleRun());
  const std::string pdf = "'" + (folder_.path() / "figure.pdf").string() + "'";
  const CommandResult fonts = RunCommand("pdffonts " + pdf + " | tail -n +3");
  EXPECT_EQ(fonts.status, 0);
  EXPECT_NE(fonts.output.find("DejaVuSans-Bold"), std::string::npos) << fonts.output;
  std::istringstream lines(fonts.output);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    // Columns after the encoding: embedded, subset, unicode map.
    EXPECT_NE(line.find(" yes yes yes "), std::string::npos) << line;
  }
  EXPECT_EQ(count, 2);
  const CommandResult info = RunCommand("pdfinfo " + pdf);
  EXPECT_NE(info.output.find("1008 x 432 pts"), std::string::npos) << info.output;
}

TEST_F(FigureTest, SaysWhatTheNotebooksFigureSays) {
  Render(SampleRun());
  for (const char* text :
       {"E08-Phi-Size-Ladder: B11 Size Confound Validation (Phi-1.5, Phi-2)", "Seeds: [42, 123, 456]",
        "Microsoft Phi Family: Complete Size Ladder", "Size vs SI: Testing Size Confound", "Target SI = 0.33",
        "+/- 0.05 tolerance", "Microsoft Phi<", "0.341", "0.305", "1.3B", "14B", "Model Size (B)",
        "Specialization Index (SI)"}) {
    EXPECT_TRUE(SvgHas(text)) << text;
  }
  // numpy.polyfit([1.3, 2.7, 3.8, 14.0], [0.3412, 0.3051, 0.329, 0.334], 1)[0] = 0.000574...
  EXPECT_TRUE(SvgHas("Trend (slope=0.0006)"));
  EXPECT_TRUE(SvgHas("font-weight=\"bold\""));
  const CommandResult xml = RunCommand("python3 -c \"import sys, xml.etree.ElementTree as t; t.parse('" +
                                       (folder_.path() / "figure.svg").string() + "')\"");
  EXPECT_EQ(xml.status, 0) << xml.output;
}

TEST_F(FigureTest, IsDrawnAgainFromItsEditedFiles) {
  Render(SampleRun());
  std::string data = Read("figure.dat");
  data.replace(data.find("0.3412"), 6, "0.7654");
  PutFile(folder_.path() / "figure.dat", data);
  const CommandResult again = RunCommand("cd '" + folder_.path().string() + "' && gnuplot figure.gp");
  EXPECT_EQ(again.status, 0);
  EXPECT_EQ(again.output, "");
  EXPECT_TRUE(SvgHas("0.765"));
  EXPECT_FALSE(SvgHas("0.341"));
}

TEST_F(FigureTest, WithoutHypothesisHasNoZone) {
  Render(MeasureRun());
  EXPECT_FALSE(SvgHas("Target"));
  EXPECT_FALSE(SvgHas("tolerance"));
  EXPECT_FALSE(SvgHas("Trend"));  // two models
  EXPECT_TRUE(SvgHas("measure: size ladder"));
}

TEST_F(FigureTest, NanoLadderIsSortedByNumberAndReadable) {
  RunResult run = MeasureRun();
  run.models = {SampleModel("nano-b", "1.2M", 0.98), SampleModel("nano-a", "0.0005B", 1.01),
                SampleModel("nano-c", "0.00081B", 0.5)};
  Render(run);
  const std::string data = Read("figure.dat");
  EXPECT_LT(data.find("0.0005\t1.01\t"), data.find("0.00081\t0.5\t"));
  EXPECT_LT(data.find("\"0.81M\""), data.find("0.0012\t0.98\t"));
  EXPECT_TRUE(SvgHas("Model Size (M)"));
  EXPECT_TRUE(SvgHas(" per M)"));
  EXPECT_TRUE(SvgHas(">1.010<"));
  EXPECT_TRUE(SvgHas(">1.2<")) << "the axis grows above 1";
}

TEST_F(FigureTest, LargeModelsExtendTheAxis) {
  RunResult run = MeasureRun();
  run.models.push_back(SampleModel("large (70B)", "70B", 0.4));
  Render(run);
  EXPECT_TRUE(SvgHas(">80<"));
}

TEST_F(FigureTest, SizesFarApartHaveALogarithmicAxis) {
  RunResult run = MeasureRun();
  run.models = {SampleModel("a", "0.01B", 0.2), SampleModel("b", "0.1B", 0.3), SampleModel("c", "1B", 0.4),
                SampleModel("d", "10B", 0.5)};
  Render(run);
  EXPECT_TRUE(SvgHas("Model Size (B), log scale"));
  EXPECT_TRUE(SvgHas("Trend (slope=0.1000 per 10x)"));
  for (const char* tick : {">0.01<", ">0.1<", ">1<", ">10<"}) EXPECT_TRUE(SvgHas(tick)) << tick;
}

TEST_F(FigureTest, NotebooksExperimentKeepsItsLinearAxis) {
  RunResult run = SampleRun();
  run.models.push_back(SampleModel("tiny", "0.01B", 0.4));
  Render(run);
  EXPECT_FALSE(SvgHas("log scale"));
  EXPECT_TRUE(SvgHas(">16<"));
}

TEST_F(FigureTest, LegendGoesWhereItCoversNothing) {
  RunResult run = SampleRun();
  run.models[0].si_mean = 0.98;  // at the left; the references at the right are low
  Render(run);
  EXPECT_TRUE(SvgHas(">1.0<"));
  EXPECT_FALSE(SvgHas(">1.2<"));
}

TEST_F(FigureTest, NamesTheModelsThatItLeavesOut) {
  RunResult run = SampleRun();
  run.models.push_back(SampleModel("odd", "huge", 0.3));
  run.models.push_back(SampleModel("nan", "1B", std::numeric_limits<double>::quiet_NaN()));
  run.models.push_back(FailedModel("broken", "2B", "out of memory"));
  const Figure figure = DescribeFigure(run);
  EXPECT_EQ(figure.notes, (Names{"odd: size \"huge\" is not a number", "nan: its index is not finite",
                                 "broken: it failed"}));
  EXPECT_NE(figure.data.find("# not in the figure: broken: it failed\n"), std::string::npos);
  Render(run);
  EXPECT_TRUE(SvgHas("Not shown: odd: size"));
}

TEST_F(FigureTest, SaysWhatTheModelsDoNotHaveInCommon) {
  RunResult run = SampleRun();
  run.warnings = {"this ladder mixes models with a beginning-of-sequence token"};
  Render(run);
  EXPECT_TRUE(SvgHas("Note: this ladder mixes models with a beginning-of-sequence token"));
  EXPECT_NE(Read("figure.dat").find("# warning: this ladder mixes models"), std::string::npos);
}

TEST_F(FigureTest, DrawsEvenWithNothingToShow) {
  RunResult run = SampleRun();
  run.models.clear();
  run.plan.references.clear();
  Render(run);
  EXPECT_EQ(NamesIn(folder_.path()), kAllFiles);
  EXPECT_TRUE(SvgHas("no model to show"));
}

TEST_F(FigureTest, EqualSizesAndOneModelHaveNoTrend) {
  RunResult run = MeasureRun();
  run.models = {SampleModel("a", "1B", 0.1), SampleModel("b", "1B", 0.2), SampleModel("c", "1B", 0.3)};
  Render(run);
  EXPECT_FALSE(SvgHas("Trend"));
  const TemporaryFolder other;
  run.models.resize(1);
  RenderFigure(DescribeFigure(run), other.path());
  EXPECT_EQ(NamesIn(other.path()), kAllFiles);
}

TEST_F(FigureTest, HostileNamesAreOnlyText) {
  const std::string trap = (folder_.path() / "trap").string();
  RunResult run = SampleRun();
  run.plan.experiment = "it's \"q\" \\n a_b^{c} @x $y %d <&> `touch " + trap + "`";
  run.plan.purpose = "'; system('touch " + trap + "'); # \n line\xff";
  for (ModelResult& model : run.models) {
    model.display = "\"`touch " + trap + "`\"\t'x\\";
    model.error.reset();
  }
  run.models[1].size = "'. system('touch " + trap + "') .'";
  Render(run);
  EXPECT_EQ(NamesIn(folder_.path()), kAllFiles);
  EXPECT_TRUE(SvgHas("a_b^{c} @x $y %d &lt;&amp;>"));
}

TEST_F(FigureTest, FailureLeavesNothingAndShowsTheReason) {
  Figure figure = DescribeFigure(SampleRun());
  figure.script += "set no such thing\n";
  const std::string error = ErrorOf([&] { RenderFigure(figure, folder_.path()); }, ErrorKind::kSystem);
  EXPECT_NE(error.find("gnuplot failed on"), std::string::npos) << error;
  EXPECT_NE(error.find("nrecognized option"), std::string::npos) << error;
  EXPECT_EQ(NamesIn(folder_.path()), Names{});
}

TEST_F(FigureTest, MissingGnuplotNamesThePackage) {
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", folder_.path().c_str(), 1);
  const std::string error = ErrorOf([&] { Render(SampleRun()); }, ErrorKind::kSystem);
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_EQ(error, "cannot draw the figure: gnuplot is not on PATH; install the package gnuplot-nox");
  EXPECT_EQ(NamesIn(folder_.path()), Names{});
}

TEST_F(FigureTest, PictureThatIsCutShortIsAnError) {
  Figure figure = DescribeFigure(SampleRun());
  figure.script = "set terminal dumb\n";
  const std::string error = ErrorOf([&] { RenderFigure(figure, folder_.path()); }, ErrorKind::kSystem);
  EXPECT_NE(error.find("figure.png incomplete (0 bytes)"), std::string::npos) << error;
  EXPECT_EQ(NamesIn(folder_.path()), Names{});
}

TEST(GnuplotString, DoublesQuotesAndStaysOnOneLine) {
  EXPECT_EQ(GnuplotString("it's\n\"x\" \\n"), "'it''s \"x\" \\n'");
  EXPECT_EQ(GnuplotString("''; it's"), "\"''\".'; it''s'") << "gnuplot ends a string at two quotes in front";
  EXPECT_EQ(GnuplotString("'"), "\"'\".''");
}

}  // namespace
}  // namespace headspec::report
