#include "report/sweep_curves.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <optional>
#include <set>

#include "report/gnuplot.h"
#include "report/paper_style.h"
#include "report/sweep_panels.h"
#include "report/sweep_script.h"
#include "report/sweep_series.h"
#include "report/sweep_table.h"
#include "report/text.h"

namespace headspec::report {
namespace {

constexpr std::size_t kMostSizes = 12;  // panels of the first figure
constexpr std::size_t kMostStyles = 6;  // curves told apart by colour in one panel
constexpr std::size_t kMostBands = 3;   // curves of one panel whose bands are shaded
constexpr std::size_t kMostLines = 60;  // of the figure without steps and sizes

// What each metric is called in a panel's title, where its name alone says little.
std::string TitleOf(const std::string& name) {
  static const std::map<std::string, std::string> kTitles = {
      {"entropy", "Received entropy"},
      {"received_entropy_without_first", "Received entropy without position 0"},
      {"query_entropy", "Query entropy"},
      {"sink_mass", "Attention to position 0"},
      {"previous_token", "Attention to the previous token"},
      {"duplicate_token", "Attention to equal tokens"},
      {"mean_distance", "Mean distance (tokens)"},
      {"local_mass", "Attention within 8 positions"},
      {"max_weight", "Largest weight"},
      {"effective_support", "Effective support (keys)"},
      {"induction", "Induction"}};
  const auto found = kTitles.find(name);
  return found == kTitles.end() ? name : found->second;
}

// Dark blues and oranges apart in lightness too; the first is the one of every other figure.
constexpr const char* kColours[] = {"#08519c", "#d9720e", "#117a65", "#8a3b8f", "#a88500", "#4a5568"};
// Of sizes, small to large.
constexpr const char* kRamp[] = {"#9ec9e2", "#6baed6", "#4292c6", "#2171b5", "#08519c", "#08306b",
                                 "#fdae6b", "#f08c3c", "#d9720e", "#a85400", "#7f3b08", "#4d2100"};

constexpr double kTitle = 1.7 * kLineMm;
constexpr double kBelow = 1.8 * kLineMm;  // numbers under a panel

std::size_t StylesOf(const std::vector<CurveSeries>& all) {
  std::size_t styles = 0;
  for (const CurveSeries& series : all) styles = std::max(styles, series.style + 1);
  return styles;
}

std::vector<std::string> SizesOf(const std::vector<CurveSeries>& all) {
  std::vector<std::string> sizes;
  for (const CurveSeries& series : all) {
    if (std::find(sizes.begin(), sizes.end(), series.size) == sizes.end()) sizes.push_back(series.size);
  }
  return sizes;
}

std::size_t RowsOf(std::size_t panels, const Frame& frame) {
  return (panels + frame.columns - 1) / frame.columns;
}

// A colour for each label, where there are few.
std::vector<Look> LooksByLabel(const std::vector<CurveSeries>& all) {
  const std::size_t styles = StylesOf(all);
  std::vector<Look> looks;
  std::set<std::size_t> named;
  for (const CurveSeries& series : all) {
    const bool is_told = styles <= kMostStyles;
    Look look{is_told ? kColours[series.style] : kColours[0], ""};
    if (is_told && styles > 1 && named.insert(series.style).second) look.label = series.label;
    looks.push_back(look);
  }
  return looks;
}

// A colour for each size. A few sizes take the whole width of the blues.
std::vector<Look> LooksBySize(const std::vector<CurveSeries>& all) {
  const std::vector<std::string> sizes = SizesOf(all);
  std::vector<Look> looks;
  std::set<std::string> named;
  for (const CurveSeries& series : all) {
    const auto size =
        static_cast<std::size_t>(std::find(sizes.begin(), sizes.end(), series.size) - sizes.begin());
    const std::size_t shade = sizes.size() <= 6 ? size * 5 / (sizes.size() - 1) : size % std::size(kRamp);
    looks.push_back({kRamp[shade], named.insert(series.size).second ? series.size : ""});
  }
  return looks;
}

struct MainStyle {
  bool shades = true;
  double title = kTitle, index = 33, inner = 2.6, share = 17;

  double Row() const { return title + index + inner + share + kBelow; }
};

// The index's panel of a size and that of the depth share below it.
void AddSize(const std::vector<CurveSeries>& all, const std::vector<std::size_t>& series, Panel panel,
             const MainStyle& style, std::vector<Panel>& panels) {
  panel.label = panel.names_values ? "SI" : "";
  panel.height = style.index;
  panel.range = RangeOf(all, "si", style.shades);
  panel.column = 4;
  panel.has_null = AnyNull(all);
  panel.names_steps = false;
  panel.series = series;
  panels.push_back(panel);
  panel.title.clear();
  panel.label = panel.names_values ? "Depth share" : "";
  panel.top += style.index + style.inner;
  panel.height = style.share;
  panel.range = RangeOf(all, "depth_share", style.shades);
  panel.parts = 3;
  panel.column = 7;
  panel.has_null = false;
  panel.names_steps = true;
  panels.push_back(panel);
}

// The series of each size, in the order of `sizes`.
std::vector<std::vector<std::size_t>> BySize(const std::vector<CurveSeries>& all,
                                             const std::vector<std::string>& sizes) {
  std::vector<std::vector<std::size_t>> series(sizes.size());
  for (std::size_t s = 0; s < all.size(); ++s) {
    const auto size = std::find(sizes.begin(), sizes.end(), all[s].size) - sizes.begin();
    series[sizes.size() == 1 ? 0 : static_cast<std::size_t>(size)].push_back(s);
  }
  return series;
}

// Index above, depth share below, for each size.
Pictures MainFigure(const std::vector<CurveSeries>& all, CurveAxis axis) {
  const bool has_steps = axis == CurveAxis::kStep;
  const std::vector<std::string> sizes = has_steps ? SizesOf(all) : std::vector<std::string>{""};
  const std::vector<std::vector<std::size_t>> series = BySize(all, sizes);
  const Frame frame = FrameOf(sizes.size());
  MainStyle style;
  if (sizes.size() == 1) style = {.title = has_steps ? kTitle : 2, .index = 44, .share = 22};
  style.shades = !has_steps || std::all_of(series.begin(), series.end(),
                                           [](const auto& of_size) { return of_size.size() <= kMostBands; });
  std::vector<Panel> panels;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const std::size_t column = i % frame.columns;
    const Panel panel{.title = has_steps ? sizes[i] + " parameters" : "",
                      .left = kPanelsLeft + static_cast<double>(column) * (frame.panel_width + kPanelsApart),
                      .top = static_cast<double>(i / frame.columns) * style.Row() + style.title,
                      .width = frame.panel_width,
                      .names_values = column == 0};
    AddSize(all, series[i], panel, style, panels);
  }
  PaperScript script{.stem = kCurvesStem, .title = "Index and depth share of a sweep"};
  script.variables =
      LookVariables(LooksByLabel(all),
                    {style.shades, style.shades && AnyNull(all), style.shades && AnyInterval(all)},
                    frame.width) +
      PlaceVariables(all, axis) +
      LayoutVariables(static_cast<double>(RowsOf(sizes.size(), frame)) * style.Row()) +
      PanelVariables(panels);
  script.layout = kSweepLayout;
  script.body = std::string(kSweepBody) + kSweepKey;
  return PaperPictures(script, {frame.width}, CurveData(all, {"si", "depth_share"}, axis));
}

// One panel for each metric, all curves in it.
Pictures MetricsFigure(const SweepResult& result, const std::vector<CurveSeries>& all, CurveAxis axis) {
  constexpr double kHeight = 30, kApart = kPanelsApart + 8;  // each panel has numbers of its own
  const bool has_steps = axis == CurveAxis::kStep;
  const bool shades = !has_steps || all.size() <= kMostBands;
  std::vector<std::string> quantities = {"entropy"};
  for (const std::string& name : SweepMetrics(result)) quantities.push_back(name);
  const Frame frame = FrameOf(std::max<std::size_t>(quantities.size(), 2));
  const double columns = static_cast<double>(frame.columns);
  const double panel_width = frame.panel_width - (kApart - kPanelsApart) * (columns - 1) / columns;
  const double row_height = kTitle + kHeight + kBelow;
  std::vector<Panel> panels;
  for (std::size_t i = 0; i < quantities.size(); ++i) {
    Panel panel{.title = TitleOf(quantities[i]),
                .left = kPanelsLeft + static_cast<double>(i % frame.columns) * (panel_width + kApart),
                .top = static_cast<double>(i / frame.columns) * row_height + kTitle,
                .width = panel_width,
                .height = kHeight,
                .range = RangeOf(all, quantities[i], shades),
                .parts = 4,
                .column = 4 + 3 * i};
    for (std::size_t s = 0; s < all.size(); ++s) panel.series.push_back(s);
    panels.push_back(panel);
  }
  PaperScript script{.stem = kCurvesMetricsStem,
                     .title = "Head metrics of a sweep, means over layers and heads"};
  script.variables =
      LookVariables(has_steps && SizesOf(all).size() > 1 ? LooksBySize(all) : LooksByLabel(all),
                    {shades, false, shades && AnyInterval(all)}, frame.width) +
      PlaceVariables(all, axis) +
      LayoutVariables(static_cast<double>(RowsOf(quantities.size(), frame)) * row_height) +
      PanelVariables(panels);
  script.layout = kSweepLayout;
  script.body = std::string(kSweepBody) + kSweepKey;
  return PaperPictures(script, {frame.width}, CurveData(all, quantities, axis));
}

std::string Ends(const std::optional<Interval>& interval) {
  if (!interval) return "\tnan\tnan";
  return fmt::format("\t{}\t{}", PythonFloat(interval->low), PythonFloat(interval->high));
}

// What stands beside each measurement's line, by row of the sweep.
std::map<std::size_t, std::string> NamesOf(const SweepResult& result) {
  const std::vector<std::string> labels = LabelsOf(result.curves);
  std::map<std::size_t, std::string> names;
  for (std::size_t i = 0; i < result.curves.size(); ++i) {
    const SweepCurve& curve = result.curves[i];
    const std::string model = LastPart(curve.model);
    const std::string name = labels[i].empty()              ? model
                             : labels[i].starts_with(model) ? labels[i]
                                                            : model + ", " + labels[i];
    for (const std::size_t row : curve.rows)
      names[row] = curve.rows.size() > 1 ? name + "@" + result.rows[row].cell.revision : name;
  }
  return names;
}

struct NameLines {
  std::string data =
      "# line\tSI\tfrom\tto\theads shuffled within layers, middle 95 %: from\tto\tdepth "
      "share\tfrom\tto\tmodel\n";
  std::vector<std::string> names = {};  // quoted
  double widest = 0;                    // mm
  Range index = {}, share = {};
  bool has_nulls = false, has_intervals = false;

  void Add(const std::string& name, const SweepPoint& point) {
    const std::string shown = WrapMm(name, 62, 1).front();
    data += fmt::format("{}\t{}{}{}\t{}{}\t{}\n", names.size(), PythonFloat(point.si.value),
                        Ends(point.si.interval_95), Ends(point.null_95), PythonFloat(point.depth_share.value),
                        Ends(point.depth_share.interval_95), OneLine(name));
    names.push_back(GnuplotString(shown));
    widest = std::max(widest, TextMm(shown));
    index.Add(point.si.value);
    index.Add(point.si.interval_95);
    index.Add(point.null_95);
    share.Add(point.depth_share.value);
    share.Add(point.depth_share.interval_95);
    has_nulls = has_nulls || point.null_95;
    has_intervals = has_intervals || point.si.interval_95;
  }
};

// One line for each measurement, in the plan's order.
Pictures NamesFigure(const SweepResult& result, std::vector<std::string>& notes) {
  const std::map<std::size_t, std::string> names = NamesOf(result);
  NameLines lines;
  for (const auto& [row, name] : names) {
    if (lines.names.size() < kMostLines) lines.Add(name, *result.rows[row].point);
  }
  if (names.size() > kMostLines)
    notes.push_back(
        fmt::format("curves show {} of {} measurements: table.csv has all", kMostLines, names.size()));
  const double left = lines.widest + 3, apart = 5;
  const double height = static_cast<double>(lines.names.size()) * 4.4;
  Panel index{.title = "Specialization Index (SI)",
              .left = left,
              .top = kTitle,
              .width = (kDoubleColumn.mm - left - kPanelsRight - apart) / 2,
              .height = height,
              .range = lines.index,
              .parts = 4,
              .column = 2};
  Panel share = index;
  share.title = "Depth share";
  share.left += index.width + apart;
  share.range = lines.share;
  share.column = 7;
  PaperScript script{.stem = kCurvesStem, .title = "Index and depth share of every measurement of a sweep"};
  script.variables =
      LookVariables({{kColours[0], ""}}, {true, lines.has_nulls, lines.has_intervals}, kDoubleColumn.mm) +
      LayoutVariables(kTitle + height + kBelow) +
      fmt::format("lines = {0}\narray names[{0}] = [{1}]\n", lines.names.size(), Join(lines.names)) +
      PanelVariables({index, share});
  script.layout = kSweepLayout;
  script.body = std::string(kSweepNamesBody) + kSweepKey;
  return PaperPictures(script, kDoubleColumn, lines.data);
}

// Those of the largest sizes are left out where there are more than panels.
void DropSizes(std::vector<CurveSeries>& all, std::vector<std::string>& notes) {
  const std::vector<std::string> sizes = SizesOf(all);
  if (sizes.size() <= kMostSizes) return;
  notes.push_back(
      fmt::format("curves show the {} smallest of {} sizes: table.csv has all", kMostSizes, sizes.size()));
  std::erase_if(all, [&](const CurveSeries& series) {
    return std::find(sizes.begin(), sizes.begin() + kMostSizes, series.size) == sizes.begin() + kMostSizes;
  });
}

}  // namespace

SweepFigures DescribeCurves(const SweepResult& result) {
  SweepFigures figures;
  if (result.curves.empty()) {
    figures.notes.emplace_back("no curves are drawn: nothing is measured yet");
    return figures;
  }
  const CurveAxis axis = AxisOf(result);
  if (axis == CurveAxis::kNames) {
    figures.pictures.push_back(NamesFigure(result, figures.notes));
    return figures;
  }
  std::vector<CurveSeries> all = SeriesOf(result, axis);
  std::size_t placed = 0, points = 0;
  for (const CurveSeries& series : all) placed += series.points.size();
  for (const SweepCurve& curve : result.curves) points += curve.rows.size();
  if (placed < points)
    figures.notes.push_back(
        fmt::format("curves leave out {} of {} points: {}", points - placed, points,
                    axis == CurveAxis::kStep ? "their revisions name no step" : "of unknown size"));
  if (axis == CurveAxis::kStep) DropSizes(all, figures.notes);
  figures.pictures.push_back(MainFigure(all, axis));
  figures.pictures.push_back(MetricsFigure(result, all, axis));
  return figures;
}

}  // namespace headspec::report
