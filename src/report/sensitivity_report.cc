#include "report/sensitivity_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "report/gnuplot.h"
#include "report/text.h"

namespace headspec::report {
namespace {

using Rows = std::vector<SensitivityRow>;

bool IsLeftOut(const SensitivityRow& row) { return row.kind.starts_with("without "); }

std::string Line(const std::string& kind, const std::string& label, const SensitivityRow& row,
                 double measured) {
  constexpr std::size_t kKind = 16;
  constexpr std::size_t kLabel = 38;
  std::string text = "  " + PadRight(kind, kKind) + PadRight(label, kLabel);
  text += std::isnan(row.si) ? PadRight("-", 8) : fmt::format("{:<8.4f}", row.si);
  if (!std::isnan(row.si - measured) && row.kind != "measured")
    text += fmt::format("{:+.4f}", row.si - measured);
  if (!row.note.empty()) text += "  " + OneLine(row.note);
  text.erase(text.find_last_not_of(' ') + 1);
  return text + '\n';
}

// The lowest and the highest of the rows that leave out one of a kind.
std::string Extremes(const Rows& rows, const std::string& kind, double measured) {
  Rows defined;
  for (const SensitivityRow& row : rows) {
    if (row.kind == kind && !std::isnan(row.si)) defined.push_back(row);
  }
  if (defined.empty()) return "";
  const auto [low, high] =
      std::minmax_element(defined.begin(), defined.end(),
                          [](const SensitivityRow& a, const SensitivityRow& b) { return a.si < b.si; });
  return Line(kind, fmt::format("lowest of {}: {}", defined.size(), low->label), *low, measured) +
         Line(kind, fmt::format("highest of {}: {}", defined.size(), high->label), *high, measured);
}

std::string ModelTable(const ModelResult& model) {
  const double measured = model.sensitivity.front().si;
  std::string text = fmt::format("Sensitivity of SI: {}\n", OneLine(model.display));
  text += fmt::format("  {:<16}{:<38}{:<8}Difference\n", "Changed", "To", "SI");
  for (const SensitivityRow& row : model.sensitivity) {
    if (!IsLeftOut(row)) text += Line(row.kind, row.label, row, measured);
  }
  return text + Extremes(model.sensitivity, "without layer", measured) +
         Extremes(model.sensitivity, "without prompt", measured);
}

// The plot's line for a row: everything that is left out one at a time shares one.
std::string LineName(const SensitivityRow& row) {
  if (row.kind == "measured") return "as measured";
  if (IsLeftOut(row)) return row.kind.substr(row.kind.find(' ') + 1) + " left out, each";
  return row.label;
}

std::size_t LineOf(const SensitivityRow& row, std::vector<std::string>& lines) {
  const std::string name = LineName(row);
  const auto found = std::find(lines.begin(), lines.end(), name);
  if (found != lines.end()) return static_cast<std::size_t>(found - lines.begin());
  lines.push_back(name);
  return lines.size() - 1;
}

constexpr const char* kScriptBody = R"gnuplot(reset
set encoding utf8
font = "DejaVu Sans"
height = 2.2 + 0.32 * lines  # inches
if (format eq "png") {
  set terminal pngcairo noenhanced size 1500,int(150*height) font font.",10" fontscale 1.5625 \
    linewidth 1.8 pointscale 1.6 background "white"
}
if (format eq "svg") {
  font = "DejaVu Sans&#44; Verdana&#44; sans-serif"
  set terminal svg noenhanced size 960,int(96*height) font font.",10" fontscale 1.333 background "white"
}
if (format eq "pdf") {
  set terminal pdfcairo noenhanced size 10in,height font font.",10" fontscale 0.75 background "white"
}
set output "sensitivity.".format
set datafile separator tab
set border 1 lc rgb "#555555"
set tics out nomirror scale 0.6 textcolor rgb "#333333"
set grid xtics ytics lc rgb "#e4e4e4" lt 1
set yrange [-lines+0.4:0.6]
set xlabel "Specialization Index (SI)"
set offsets graph 0.03, graph 0.03, 0, 0
set key outside top center horizontal samplen 1 noopaque
set title headline
colours = "#3498db #9b59b6 #e67e22 #2e8b57 #c0392b #7f8c8d"
colour(i) = word(colours, 1 + i % words(colours))
# A little apart, or models would hide each other.
apart(i) = models > 1 ? 0.3 * (i - 0.5 * (models - 1)) / models : 0
plot for [i=0:models-1] "sensitivity.dat" index i using 2:(-$1-apart(i)) with points pt 7 ps 0.9 \
  lc rgb colour(i) title names[i + 1]
set output
)gnuplot";

}  // namespace

bool HasSensitivity(const RunResult& run) {
  return std::any_of(run.models.begin(), run.models.end(),
                     [](const ModelResult& model) { return !model.sensitivity.empty(); });
}

std::string SensitivityTable(const RunResult& run) {
  std::string text;
  for (const ModelResult& model : run.models) {
    if (!model.sensitivity.empty()) text += (text.empty() ? "" : "\n") + ModelTable(model);
  }
  return text;
}

Pictures SensitivityPictures(const RunResult& run) {
  std::vector<std::string> lines;
  std::string data = "# line\tSI\twhat was changed; one block for each model\n";
  std::string titles;
  int models = 0;
  for (const ModelResult& model : run.models) {
    if (model.sensitivity.empty()) continue;
    data += models++ > 0 ? "\n\n" : "";
    for (const SensitivityRow& row : model.sensitivity) {
      data += fmt::format("{}\t{}\t{}: {}\n", LineOf(row, lines), PythonFloat(row.si), row.kind,
                          OneLine(row.label));
    }
    titles += fmt::format("names[{}] = {}\n", models, GnuplotString(Truncate(OneLine(model.display), 40)));
  }
  std::string script = "# What the index depends on; its numbers are in sensitivity.dat.\n";
  script += fmt::format("models = {}\nlines = {}\narray names[{}]\n", models, lines.size(), models) + titles;
  script += "headline = 'Sensitivity of SI: one thing changed at a time'\n\n" +
            DrawEveryFormat("sensitivity.gp") + kScriptBody;
  std::string tics;
  for (std::size_t i = 0; i < lines.size(); ++i)
    tics += fmt::format("{}{} {}", i == 0 ? "" : ", ", GnuplotString(lines[i]), -static_cast<int>(i));
  const std::string mark = "set title headline\n";
  script.insert(script.find(mark), "set ytics (" + tics + ")\n");
  return {kSensitivityStem, script, data};
}

}  // namespace headspec::report
