#include "report/paper_ladder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <vector>

#include "report/gnuplot.h"
#include "report/label_places.h"
#include "report/ladder_points.h"
#include "report/text.h"

namespace headspec::report {
namespace {

using Points = std::vector<LadderPoint>;

// Where lines that depend on the room for them have it.
constexpr double kWideMm = 120;

// Colours are apart in lightness too: they stay apart in grey and for colour-blind eyes.
constexpr const char* kColours = R"gnuplot(mark_colour = '#08519c'
null_colour = '#c4c4c4'
zone_colour = '#fdecc8'
target_colour = '#a85400'
trend_colour = '#000000'
)gnuplot";

// What stands under the panel, in both figures.
constexpr const char* kKeyLayout =
    R"gnuplot(keys = has_measured + has_references + has_nulls + has_target + has_trend
key_rows = width < 130 ? keys : (keys + 1) / 2
key_height = 0.92 * line * key_rows + 0.6
)gnuplot";

constexpr const char* kKey = R"gnuplot(
set key at screen x(key_left),y(key_bottom + key_height) left top vertical maxrows key_rows Left reverse \
  samplen 1.4 spacing 1.0
)gnuplot";

constexpr const char* kKeyPlots =
    R"gnuplot(  (has_measured ? NaN : 1/0) with linespoints pt 7 ps 1.3*dot lw 1 lc rgb mark_colour \
    title (has_measured ? measured_title : ""), \
  NaN with points pt 6 ps 1.3*dot lw 1 lc rgb mark_colour title (has_references ? reference_title : ""), \
  NaN with boxes fs solid noborder lc rgb null_colour title (has_nulls ? null_title : ""), \
  NaN with boxes fs solid noborder lc rgb zone_colour title (has_target ? zone_title : ""), \
  NaN with lines lc rgb trend_colour lw 0.75 title (has_trend ? trend_title : "")
)gnuplot";

constexpr const char* kLadderLayout = R"gnuplot(left = name_width + 3
right = width - value_width - 2.5
row = line * most_lines + 1.4
top = line + 1.4
bottom = 2.2 * line + 1.2 + key_height
height = top + rows * row + bottom
key_left = width < 130 ? 1 : left
key_bottom = 0.3
)gnuplot";

constexpr const char* kLadderBody = R"gnuplot(
set lmargin at screen x(left)
set rmargin at screen x(right)
set tmargin at screen y(height - top)
set bmargin at screen y(bottom)
set border 1
set xrange [si_low:si_high]
set yrange [rows - 0.5:-0.5]  # rows count downwards
set xtics si_step
set format x si_format
set xlabel "Specialization Index (SI)" offset 0,0.5
# Names are labels: numbers of an axis would take a % in them for a format.
set ytics scale 0 ()
do for [i = 1:rows] {
  set ytics add ("" i - 1)
  two = strstrt(names[i], "\n") > 0  # lines: a label hangs from its first
  set label 1000 + i names[i] at screen x(left - 1.2),y(height - top - (i - 0.5) * row + two * 0.44 * line) right
  set label 2000 + i values[i] at screen x(width - 1),y(height - top - (i - 0.5) * row) right
}
set grid ytics ls 1
set label 1 value_title at screen x(width - 1),y(height - 0.5 * line - 0.3) right
if (has_target) {
  set object 1 rectangle from target - tolerance,graph 0 to target + tolerance,graph 1 \
    fs solid noborder fc rgb zone_colour behind
  set arrow 1 from target,graph 0 to target,graph 1 nohead lc rgb target_colour lw 0.75 dt (8,5)
  set label 2 target_title at target,graph 1 center offset 0,0.6 textcolor rgb target_colour
}
set datafile separator tab
data = stem.".dat"
plot \
  data using 4:1:4:5:($1 - 0.27):($1 + 0.27) with boxxyerror fs solid noborder lc rgb null_colour notitle, \
  data using 6:1:($7 - $6):(0) with vectors nohead lc rgb mark_colour lw 1 notitle, \
  data using 2:1 with points pt 7 ps 1.3*dot lc rgb mark_colour notitle, \
  data using 3:1 with points pt 7 ps 1.3*dot lc rgb "white" notitle, \
  data using 3:1 with points pt 6 ps 1.3*dot lw 1 lc rgb mark_colour notitle, \
)gnuplot";

constexpr const char* kSizeLayout = R"gnuplot(left = 6.2 + 1.2 * line
panel = width < 130 ? 0.56 * width : 0.4 * width
list_height = list_rows * 0.95 * line + (list_rows > 0)
bottom = 2.2 * line + 1.2 + key_height + list_height
height = panel + bottom + 1.5
key_left = 1
key_bottom = 0.3 + list_height
)gnuplot";

constexpr const char* kSizeBody = R"gnuplot(
set lmargin at screen x(left)
set rmargin at screen x(width - 2)
set tmargin at screen y(height - 1.5)
set bmargin at screen y(bottom)
set logscale x 2
set xrange [size_low:size_high]
set yrange [si_low:si_high]
set xtics ()
do for [i = 1:|size_tics|] { set xtics add (size_labels[i] size_tics[i]) }
set ytics si_step
set format y si_format
set xlabel "Model size (parameters, log scale)" offset 0,0.5
set ylabel "Specialization Index (SI)" offset 0.6,0
if (has_target) {
  set object 1 rectangle from graph 0,first target - tolerance to graph 1,first target + tolerance \
    fs solid noborder fc rgb zone_colour behind
  set arrow 1 from graph 0,first target to graph 1,first target nohead lc rgb target_colour lw 0.75 dt (8,5)
}
do for [i = 1:listed] {
  column = (i - 1) / list_rows
  set label 100 + i list[i] at screen x(1 + column * list_width),y(list_height - (0.5 + (i - 1) % list_rows) * 0.95 * line)
}
place_labels = 1
set datafile separator tab
data = stem.".dat"
w(size) = size * (size_high / size_low) ** 0.006  # of a null's bar, to one side
plot \
  data using 1:4:($1**2/w($1)):(w($1)):4:5 with boxxyerror fs solid noborder lc rgb null_colour notitle, \
  [trend_from:trend_to] "+" using 1:(has_trend ? trend_intercept + trend_slope * log($1) / log(2) : NaN) \
    with lines lc rgb trend_colour lw 0.75 notitle, \
  data using 1:6:(0):($7 - $6) with vectors nohead lc rgb mark_colour lw 1 notitle, \
  data using 1:2 with points pt 7 ps 1.3*dot lc rgb mark_colour notitle, \
  data using 1:3 with points pt 7 ps 1.3*dot lc rgb "white" notitle, \
  data using 1:3 with points pt 6 ps 1.3*dot lw 1 lc rgb mark_colour notitle, \
)gnuplot";

std::string Number(double value) { return fmt::format("{:.6g}", value); }

// Interval of an axis with about `parts` round steps.
struct Axis {
  double low = 0, high = 1, step = 0.2;
};

Axis NiceAxis(double low, double high, double parts) {
  const double span = std::max(high - low, 0.02);
  const double room = 0.06 * span;
  return {low - room, high + room, RoundStep(span, parts)};
}

Axis IndexAxis(const RunResult& run, const Points& points, double parts) {
  std::vector<double> values;
  for (const LadderPoint& point : points) {
    if (!point.why_no_si.empty()) continue;
    values.push_back(point.si);
    for (const auto& interval : {point.interval, point.null}) {
      if (interval) values.insert(values.end(), {interval->low, interval->high});
    }
  }
  if (const auto& hypothesis = run.plan.hypothesis) {
    values.push_back(hypothesis->target_si - hypothesis->tolerance);
    values.push_back(hypothesis->target_si + hypothesis->tolerance);
  }
  if (values.empty()) values = {0, 1};
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return NiceAxis(*low, *high, parts);
}

std::string AxisVariables(const Axis& axis) {
  return fmt::format("si_low = {}\nsi_high = {}\nsi_step = {}\nsi_format = '%.{}f'\n", Number(axis.low),
                     Number(axis.high), Number(axis.step),
                     axis.step < 0.01  ? 3
                     : axis.step < 0.1 ? 2
                                       : 1);
}

bool Any(const Points& points, bool (*holds)(const LadderPoint&)) {
  return std::any_of(points.begin(), points.end(), holds);
}
bool IsMeasured(const LadderPoint& p) { return !p.is_reference && p.why_no_si.empty(); }
bool IsReference(const LadderPoint& p) { return p.is_reference && p.why_no_si.empty(); }
bool HasInterval(const LadderPoint& p) { return IsMeasured(p) && p.interval.has_value(); }
bool HasNull(const LadderPoint& p) { return IsMeasured(p) && p.null.has_value(); }

std::string KeyVariables(const RunResult& run, const Points& points) {
  const auto& hypothesis = run.plan.hypothesis;
  std::string text = kColours;
  text += fmt::format("has_measured = {:d}\nhas_references = {:d}\nhas_nulls = {:d}\nhas_target = {:d}\n",
                      Any(points, IsMeasured), Any(points, IsReference), Any(points, HasNull),
                      hypothesis.has_value());
  text += fmt::format("measured_title = 'measured{}'\n",
                      Any(points, HasInterval) ? ", 95 % interval over prompts" : "");
  text += "reference_title = 'published value'\nnull_title = 'heads shuffled within layers, middle 95 %'\n";
  if (!hypothesis) return text + "target = 0\ntolerance = 0\ntarget_title = ''\nzone_title = ''\n";
  const std::string target = Number(hypothesis->target_si), tolerance = Number(hypothesis->tolerance);
  return text + fmt::format(
                    "target = {0}\ntolerance = {1}\ntarget_title = 'target {0}'\n"
                    "zone_title = 'target {0} ± {1}'\n",
                    target, tolerance);
}

std::string ValueText(const LadderPoint& point, bool with_interval) {
  if (!point.why_no_si.empty()) return point.why_no_si == "it failed" ? "failed" : "not finite";
  const std::string value = fmt::format("{:.3f}", point.si);
  if (!with_interval || !point.interval || point.is_reference) return value;
  return fmt::format("{} ({:.3f} to {:.3f})", value, point.interval->low, point.interval->high);
}

std::string RowVariables(const Points& points, FigureWidth width) {
  const bool wide = width.mm >= kWideMm;
  std::string names = fmt::format("array names[{}]\n", std::max<std::size_t>(points.size(), 1));
  std::string values = fmt::format("array values[{}]\n", std::max<std::size_t>(points.size(), 1));
  const std::string value_title = wide && Any(points, HasInterval) ? "SI (95 % interval)" : "SI";
  double name_mm = 0, value_mm = TextMm(value_title);
  std::size_t most_lines = 1;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto lines = WrapMm(points[i].name, (wide ? 0.28 : 0.36) * width.mm, 2);
    for (const std::string& line : lines) name_mm = std::max(name_mm, TextMm(line));
    most_lines = std::max(most_lines, lines.size());
    const std::string value = ValueText(points[i], wide);
    value_mm = std::max(value_mm, TextMm(value));
    names += fmt::format("names[{}] = {}\n", i + 1, GnuplotLines(lines));
    values += fmt::format("values[{}] = '{}'\n", i + 1, value);
  }
  return fmt::format(
      "rows = {}\n{}{}value_title = '{}'\nname_width = {:.1f}  # mm\nvalue_width = {:.1f}  # mm\n"
      "most_lines = {}  # of a name\n",
      points.size(), names, values, value_title, name_mm, value_mm, most_lines);
}

std::string Pair(const std::optional<Interval>& interval) {
  if (!interval) return "nan\tnan";
  return PythonFloat(interval->low) + '\t' + PythonFloat(interval->high);
}

// Two columns: a measured index or none, a published one or none.
std::string IndexColumns(const LadderPoint& point) {
  const std::string si = point.why_no_si.empty() ? PythonFloat(point.si) : "nan";
  return point.is_reference ? "nan\t" + si : si + "\tnan";
}

std::string DataText(const std::string& first_column, const Points& points, bool by_size) {
  std::string text = fmt::format(
      "# {}\tSI measured\tSI published\theads shuffled within layers, middle 95 %: from\tto\t95 % interval "
      "over "
      "prompts: from\tto\tmodel\n",
      first_column);
  for (std::size_t i = 0; i < points.size(); ++i) {
    const LadderPoint& point = points[i];
    text += fmt::format("{}\t{}\t{}\t{}\t{}\n", by_size ? PythonFloat(*point.size_b) : std::to_string(i),
                        IndexColumns(point), Pair(point.null), Pair(point.interval), point.name);
  }
  return text;
}

Points Sorted(const RunResult& run) {
  Points points = LadderPoints(run);
  SortBySize(points);
  return points;
}

Points WithSizeAndIndex(const RunResult& run) {
  Points points = Sorted(run);
  std::erase_if(points, [](const LadderPoint& p) { return !p.size_b || !p.why_no_si.empty(); });
  return points;
}

// 1, 2, 5 of every power of ten between them, or every power, or every second one.
std::vector<double> SizeTics(double low, double high) {
  const auto tics_of = [&](std::initializer_list<int> digits, int powers) {
    std::vector<double> tics;
    for (int power = -9; power <= 6; power += powers) {
      for (const int digit : digits) {
        const double tic = digit * std::pow(10, power);
        if (tic >= low && tic <= high) tics.push_back(tic);
      }
    }
    return tics;
  };
  constexpr std::size_t kMost = 7;
  for (auto tics : {tics_of({1, 2, 5}, 1), tics_of({1, 3}, 1), tics_of({1}, 1)}) {
    if (tics.size() <= kMost) return tics;
  }
  return tics_of({1}, 3);
}

// One unit for each power of a thousand, unlike the names of models.
std::string SizeTic(double billions) {
  if (billions >= 1) return fmt::format("{:.4g}B", billions);
  return billions >= 1e-3 ? fmt::format("{:.4g}M", billions * 1e3) : fmt::format("{:.4g}K", billions * 1e6);
}

std::string SizeVariables(const Points& points, const Axis& sizes) {
  std::vector<double> tics = SizeTics(sizes.low, sizes.high);
  if (tics.size() < 2) {  // sizes close together name themselves
    tics.clear();
    for (const LadderPoint& point : points) tics.push_back(*point.size_b);
    tics = {tics.front(), tics.back()};
    if (tics.front() == tics.back()) tics.pop_back();
  }
  std::string text = fmt::format(
      "size_low = {:.6g}  # billions\nsize_high = {:.6g}\narray size_tics[{}]\narray size_labels[{}]\n",
      sizes.low, sizes.high, tics.size(), tics.size());
  for (std::size_t i = 0; i < tics.size(); ++i)
    text +=
        fmt::format("size_tics[{0}] = {1:.6g}\nsize_labels[{0}] = '{2}'\n", i + 1, tics[i], SizeTic(tics[i]));
  return text;
}

std::string Signed(double value) { return fmt::format("{}{:.2g}", value < 0 ? "−" : "", std::abs(value)); }

std::string SlopeText(const LineStatistics& line, const char* before_interval) {
  std::string text = fmt::format("{} per doubling", Signed(line.slope));
  if (line.slope_95)
    text += fmt::format(" ({}{} to {})", before_interval, Signed(line.slope_95->low),
                        Signed(line.slope_95->high));
  return text;
}

std::string TrendVariables(const RunResult& run, const Points& points) {
  const auto& line = run.trend.on_log_size.value;
  if (!line || points.size() < 3)
    return "has_trend = 0\ntrend_title = ''\ntrend_slope = 0\ntrend_intercept = 0\ntrend_from = 1\ntrend_to "
           "= 2\n";
  return fmt::format(
      "has_trend = 1\ntrend_title = {}\ntrend_slope = {:.9g}  # for each doubling\ntrend_intercept = {:.9g}  "
      "# at a billion\n"
      "trend_from = {:.6g}\ntrend_to = {:.6g}\n",
      GnuplotString("trend: " + SlopeText(*line, "95 %: ")), line->slope, line->intercept,
      *points.front().size_b, *points.back().size_b);
}

// The panel that the layout above makes, in millimetres.
PanelMm SizePanel(const RunResult& run, FigureWidth width, const Axis& sizes, const Axis& indices) {
  const double left = 6.2 + 1.2 * 0.443 * kTextPoints;
  PanelMm panel{.width = width.mm - 2 - left,
                .height = width.mm < 130 ? 0.56 * width.mm : 0.4 * width.mm,
                .x_low = std::log2(sizes.low),
                .x_high = std::log2(sizes.high),
                .y_low = indices.low,
                .y_high = indices.high};
  if (const auto& hypothesis = run.plan.hypothesis)
    panel.lines.push_back({panel.x_low, hypothesis->target_si, panel.x_high, hypothesis->target_si});
  if (const auto& line = run.trend.on_log_size.value) {
    const auto at = [&](double x) { return line->intercept + line->slope * x; };
    panel.lines.push_back({panel.x_low, at(panel.x_low), panel.x_high, at(panel.x_high)});
  }
  return panel;
}

std::vector<Mark> MarksOf(const Points& points) {
  std::vector<Mark> marks;
  for (const LadderPoint& point : points) {
    Mark mark{std::log2(*point.size_b), point.si, point.si, point.si};
    for (const auto& interval : {point.interval, point.null}) {
      if (!interval) continue;
      mark.low = std::min(mark.low, interval->low);
      mark.high = std::max(mark.high, interval->high);
    }
    marks.push_back(mark);
  }
  return marks;
}

// A label for each point: its name, or where names find no room a number that the list below explains.
std::string LabelLines(const Points& points, FigureWidth width, const PanelMm& panel, std::string& list) {
  std::vector<std::string> texts;
  for (const LadderPoint& point : points) texts.push_back(point.name);
  std::vector<double> widths;
  for (const std::string& text : texts) widths.push_back(TextMm(text));

  std::vector<LabelPlace> places = PlaceLabels(panel, MarksOf(points), widths, kLineMm, true);
  list = "listed = 0\nlist_rows = 0\nlist_width = 0\narray list[1]\n";
  if (places.empty()) {
    const double widest = *std::max_element(widths.begin(), widths.end());
    const std::size_t columns =
        std::clamp<std::size_t>(static_cast<std::size_t>((width.mm - 2) / (widest + 6)), 1, 4);
    const double column = (width.mm - 2) / static_cast<double>(columns);
    list = fmt::format("listed = {0}\nlist_rows = {1}\nlist_width = {2:.1f}  # mm\narray list[{0}]\n",
                       points.size(), (points.size() + columns - 1) / columns, column);
    for (std::size_t i = 0; i < points.size(); ++i) {
      const std::string name = WrapMm(points[i].name, column - 6, 1).front();
      texts[i] = std::to_string(i + 1);
      widths[i] = TextMm(texts[i]);
      list += fmt::format("list[{0}] = {1}\n", i + 1, GnuplotString(texts[i] + "  " + name));
    }
    places = PlaceLabels(panel, MarksOf(points), widths, kLineMm, false);
  }
  std::string lines;
  for (std::size_t i = 0; i < points.size(); ++i) {
    lines += fmt::format("set label {} {} at {:.6g},{:.6g} {} offset screen x({:.2f}),y({:.2f}) front\n",
                         20 + i, GnuplotString(texts[i]), *points[i].size_b, points[i].si,
                         places[i].alignment, places[i].dx, places[i].dy);
  }
  return lines;
}

std::string NotShown(const std::vector<std::string>& notes) {
  return notes.empty() ? "" : fmt::format(" Not shown: {}.", fmt::join(notes, "; "));
}

std::string MarksInWords(const RunResult& run, const Points& points) {
  std::string text;
  const std::size_t prompts = run.plan.protocol.prompts.prompts.size();
  if (Any(points, HasInterval))
    text += fmt::format(" Lines: 95 % bootstrap intervals over {} prompts.", prompts);
  if (Any(points, HasNull))
    text += " Grey bars: the middle 95 % of the index with heads shuffled within layers.";
  if (Any(points, IsReference)) text += " Open circles: published values, without an interval.";
  if (const auto& hypothesis = run.plan.hypothesis)
    text += fmt::format(" Shaded: the target {} ± {}.", Number(hypothesis->target_si),
                        Number(hypothesis->tolerance));
  return text;
}

std::size_t Count(const Points& points, bool (*holds)(const LadderPoint&)) {
  return static_cast<std::size_t>(std::count_if(points.begin(), points.end(), holds));
}

}  // namespace

Pictures PaperLadder(const RunResult& run, FigureWidth width) {
  const Points points = Sorted(run);
  PaperScript script{.stem = "ladder", .title = "The index of every model"};
  script.variables = KeyVariables(run, points) + "has_trend = 0\ntrend_title = ''\n" +
                     AxisVariables(IndexAxis(run, points, width.mm < kWideMm ? 4 : 6)) +
                     RowVariables(points, width);
  script.layout = std::string(kKeyLayout) + kLadderLayout;
  script.body = std::string(kKey) + kLadderBody + kKeyPlots;
  return PaperPictures(script, width, DataText("row", points, false));
}

std::string PaperLadderCaption(const RunResult& run) {
  const Points points = Sorted(run);
  std::vector<std::string> notes;
  for (const LadderPoint& point : points) {
    if (!point.why_no_si.empty()) notes.push_back(point.name + ": " + point.why_no_si);
  }
  return fmt::format("Specialization Index (SI) of {} measured models, smallest first.",
                     Count(points, IsMeasured)) +
         MarksInWords(run, points) +
         (notes.empty() ? "" : fmt::format(" Without a mark: {}.", fmt::join(notes, "; ")));
}

bool HasPaperSize(const RunResult& run) { return !WithSizeAndIndex(run).empty(); }

Pictures PaperSize(const RunResult& run, FigureWidth width) {
  const Points points = WithSizeAndIndex(run);
  const double smallest = *points.front().size_b, largest = *points.back().size_b;
  const double room = std::max(std::pow(largest / smallest, 0.08), 1.25);
  const Axis sizes{.low = smallest / room, .high = largest * room};
  const Axis indices = IndexAxis(run, points, 5);
  PaperScript script{.stem = "size", .title = "The index against size"};
  std::string list;
  const std::string labels = LabelLines(points, width, SizePanel(run, width, sizes, indices), list);
  script.variables = KeyVariables(run, points) + TrendVariables(run, points) + AxisVariables(indices) +
                     SizeVariables(points, sizes) + list;
  script.layout = std::string(kKeyLayout) + kSizeLayout;
  std::string body = std::string(kKey) + kSizeBody + kKeyPlots;
  const std::string mark = "place_labels = 1\n";
  body.replace(body.find(mark), mark.size(), labels);
  script.body = body;
  return PaperPictures(script, width, DataText("size in billions", points, true));
}

std::string PaperSizeCaption(const RunResult& run) {
  const Points points = WithSizeAndIndex(run);
  std::vector<std::string> notes;
  for (const LadderPoint& point : LadderPoints(run)) {
    const std::string& why = point.why_no_si.empty() ? point.why_no_size : point.why_no_si;
    if (!why.empty()) notes.push_back(point.name + ": " + why);
  }
  std::string text = fmt::format(
      "Specialization Index (SI) against model size of {} measured models and {} published values.",
      Count(points, IsMeasured), Count(points, IsReference));
  text += MarksInWords(run, points);
  if (const auto& line = run.trend.on_log_size.value; line && points.size() >= 3) {
    text += fmt::format(" Line: least squares, {}, n = {}.", SlopeText(*line, "95 % interval "), line->n);
  }
  return text + NotShown(notes);
}

}  // namespace headspec::report
