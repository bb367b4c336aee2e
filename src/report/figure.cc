#include "report/figure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include "report/figure_script.h"
#include "report/gnuplot.h"
#include "report/ladder.h"
#include "report/ladder_points.h"
#include "report/pictures.h"
#include "report/text.h"

namespace headspec::report {
namespace {

namespace fs = std::filesystem;

std::string WithoutQuotes(std::string_view text) {
  std::string clean = OneLine(text);
  std::replace(clean.begin(), clean.end(), '"', '\'');
  return clean;
}

// Smallest first; what cannot be drawn is noted instead.
std::vector<LadderPoint> PointsOf(const RunResult& run, std::vector<std::string>& notes) {
  std::vector<LadderPoint> points;
  for (LadderPoint& point : LadderPoints(run)) {
    const std::string& problem = point.why_no_size.empty() ? point.why_no_si : point.why_no_size;
    if (problem.empty())
      points.push_back(std::move(point));
    else
      notes.push_back(fmt::format("{}: {}", point.name, problem));
  }
  SortBySize(points);
  return points;
}

std::string Columns(const std::optional<Interval>& interval) {
  if (!interval) return "nan\tnan";
  return PythonFloat(interval->low) + '\t' + PythonFloat(interval->high);
}

std::string DataText(const std::vector<LadderPoint>& points, const std::vector<std::string>& notes,
                     const std::vector<std::string>& warnings) {
  std::string text =
      "# size in billions\tSI\t95 % interval over prompts: from\tto\theads shuffled within layers, middle 95 "
      "%: "
      "from\tto\tlabel\tmodel\n";
  for (const LadderPoint& point : points) {
    text += fmt::format("{}\t{}\t{}\t{}\t\"{}\"\t\"{}\"\n", PythonFloat(*point.size_b), PythonFloat(point.si),
                        Columns(point.interval), Columns(point.null), ModelSizeLabel(*point.size_b),
                        WithoutQuotes(point.name));
  }
  for (const std::string& note : notes) text += fmt::format("# not in the figure: {}\n", note);
  for (const std::string& warning : warnings) text += fmt::format("# warning: {}\n", OneLine(warning));
  return text;
}

// Broken between words where `width` columns are full; what three lines cannot hold is cut.
std::vector<std::string> Wrap(std::string_view text, std::size_t width) {
  constexpr std::size_t kMostLines = 3;
  std::vector<std::string> lines;
  std::string rest = OneLine(text);
  while (DisplayWidth(rest) > width && lines.size() + 1 < kMostLines) {
    // Bytes are at least as many as columns, so the break is at or before the full line.
    const auto space = rest.rfind(' ', width);
    if (space == std::string::npos || space == 0) break;
    lines.push_back(rest.substr(0, space));
    rest.erase(0, space + 1);
  }
  lines.push_back(Truncate(rest, width));
  return lines;
}

std::string HeadlineVariables(const RunResult& run) {
  constexpr std::size_t kWidth = 104;
  const Plan& plan = run.plan;
  const char* colon = plan.experiment.empty() || plan.purpose.empty() ? "" : ": ";
  std::vector<std::string> lines = Wrap(plan.experiment + colon + plan.purpose, kWidth);
  if (!plan.protocol.seeds.empty()) {
    lines.push_back(Truncate(fmt::format("Seeds: [{}]", fmt::join(plan.protocol.seeds, ", ")), kWidth));
  }
  const double bottom = 0.917 - 0.043 * static_cast<double>(lines.size());
  return fmt::format("headline = {}\nheadline_size = 14\nheadline_bottom = {:.3f}  # top of the panels\n",
                     GnuplotLines(lines), bottom);
}

std::string TargetVariables(const Plan& plan) {
  if (!plan.hypothesis)
    return "has_target = 0\ntarget = 0\ntolerance = 0\ntarget_title = ''\ntolerance_title = ''\n";
  const std::string target = PythonFloat(plan.hypothesis->target_si);
  const std::string tolerance = PythonFloat(plan.hypothesis->tolerance);
  return fmt::format(
      "has_target = 1\ntarget = {0}\ntolerance = {1}\n"
      "target_title = 'Target SI = {0}'\ntolerance_title = '+/- {1} tolerance'\n",
      target, tolerance);
}

std::string SizeVariables(const std::vector<LadderPoint>& points) {
  constexpr std::size_t kCharactersInARow = 62;
  std::size_t characters = 0;
  for (const LadderPoint& point : points) characters += ModelSizeLabel(*point.size_b).size() + 2;
  const bool millions = !points.empty() && *points.back().size_b < 0.1;
  return fmt::format(
      "has_points = {}\ncrowded = {}  # 1: slanted labels under the bars\n"
      "unit = {}  # of the right panel, in billions\nsize_title = 'Model Size ({})'\nslope_unit = '{}'\n",
      points.empty() ? 0 : 1, characters > kCharactersInARow ? 1 : 0, millions ? "1000.0" : "1.0",
      millions ? 'M' : 'B', millions ? " per M" : "");
}

// Which of its marks the figure has, and their legend.
std::string MarkVariables(const std::vector<LadderPoint>& points) {
  const auto any = [&](const auto mark) {
    return std::any_of(points.begin(), points.end(),
                       [&](const LadderPoint& p) { return (p.*mark).has_value(); });
  };
  return fmt::format(
      "has_intervals = {}\nhas_nulls = {}\ninterval_title = '95 % interval over prompts'\n"
      "null_title = 'heads shuffled within layers, 95 %'\n",
      any(&LadderPoint::interval) ? 1 : 0, any(&LadderPoint::null) ? 1 : 0);
}

// One line under the panels: what is missing from them, else what the models do not have in common.
std::string FootNote(const std::vector<std::string>& notes, const std::vector<std::string>& warnings) {
  constexpr std::size_t kWidth = 190;
  if (!notes.empty()) return Truncate(fmt::format("Not shown: {}", fmt::join(notes, "; ")), kWidth);
  return warnings.empty() ? "" : Truncate(OneLine("Note: " + warnings.front()), kWidth);
}

}  // namespace

Figure DescribeFigure(const RunResult& run) {
  Figure figure;
  const std::vector<LadderPoint> points = PointsOf(run, figure.notes);
  const LadderTitles titles = TitlesOf(run.plan);
  figure.data = DataText(points, figure.notes, run.warnings);
  figure.script = "# The figure of one headspec run; its numbers are in figure.dat.\n" +
                  HeadlineVariables(run) +
                  fmt::format("left_title = {}\nright_title = {}\nseries = {}\n",
                              GnuplotString(Truncate(titles.bars, 54)), GnuplotString(titles.points),
                              GnuplotString(titles.series)) +
                  TargetVariables(run.plan) + SizeVariables(points) + MarkVariables(points) +
                  fmt::format("foot_note = {}\n", GnuplotString(FootNote(figure.notes, run.warnings))) +
                  "\n# ---- drawing ----\n" + DrawEveryFormat("figure.gp") + kFigureScriptBody;
  return figure;
}

void RenderFigure(const Figure& figure, const fs::path& folder, const Progress* progress) {
  RenderPictures({{.stem = "figure", .script = figure.script, .data = figure.data}}, folder, progress);
}

}  // namespace headspec::report
