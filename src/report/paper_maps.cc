#include "report/paper_maps.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "report/gnuplot.h"
#include "report/table_text.h"
#include "report/text.h"

namespace headspec::report {
namespace {

constexpr double kSideMm = 0.5;   // left and right of all panels
constexpr double kTicsMm = 5.2;   // left of a panel, for the numbers of its layers
constexpr double kRightMm = 1.5;  // right of a panel

// Both palettes are told apart by colour-blind eyes; the first is even in lightness, the second white at 0.
constexpr const char* kPalettes =
    R"gnuplot(sequential = "set palette defined (0 '#440154', 1 '#482475', 2 '#414487', 3 '#355f8d', \
  4 '#2a788e', 5 '#21918c', 6 '#22a884', 7 '#44bf70', 8 '#7ad151', 9 '#bddf26', 10 '#fde725')"
diverging = "set palette defined (-5 '#2d004b', -4 '#542788', -3 '#8073ac', -2 '#b2abd2', -1 '#d8daeb', 0 '#f7f7f7', \
  1 '#fee0b6', 2 '#fdb863', 3 '#e08214', 4 '#b35806', 5 '#7f3b08')"
)gnuplot";

// Cells hold a panel, its title above it and the numbers of layers and heads; they fill rows from the left.
constexpr const char* kGrid = R"gnuplot(outer = 1.2 * line  # for the word Layer
cell = (width - 1 - outer) / columns
cell = cell > 58 ? 58 : cell
start = 0.5 + 0.5 * (width - 1 - outer - columns * cell) + outer
panel_width = cell - 6.7
panel_height = panel_width * aspect
rows = (panels + columns - 1) / columns
cell_height = title_lines * line + 0.8 + panel_height + 1.8 * line + 0.9 + under_panel
panel_left(i) = start + ((i - 1) % columns) * cell + 5.2
panel_top(i) = height - ((i - 1) / columns) * cell_height - title_lines * line - 0.8
panel_bottom(i) = panel_top(i) - panel_height
)gnuplot";

constexpr const char* kMapBody = R"gnuplot(
tic(n) = n <= 5 ? 1 : n <= 10 ? 2 : n <= 25 ? 5 : n <= 50 ? 10 : n <= 100 ? 20 : 50
frame(i) = sprintf("set lmargin at screen %.6f; set rmargin at screen %.6f; set tmargin at screen %.6f; set bmargin at screen %.6f", \
  x(panel_left(i)), x(panel_left(i) + panel_width), y(panel_top(i)), y(panel_bottom(i)))
bar(left, top, length) = sprintf("set colorbox horizontal user origin screen %.6f,%.6f size screen %.6f,%.6f border 2", \
  x(left), y(top - 1.8), x(length), y(1.8))
# A map of data block i: cells without a value stay hatched.
map = "set title titles[i] offset 0,-0.75; set xrange [-0.5:heads[i] - 0.5]; set yrange [layers[i] - 0.5:-0.5]; ".\
  "set xtics 0,tic(heads[i]) offset 0,0.4; set ytics 0,tic(layers[i]) offset 0.6,0; ".\
  "unset object; if (has_gaps[i]) { set object 1 rectangle from graph 0,0 to graph 1,1 behind fs solid noborder fc rgb '#d0d0d0'; ".\
  "set object 2 rectangle from graph 0,0 to graph 1,1 behind fs transparent pattern 4 noborder fc rgb '#707070' }; ".\
  "if (layers[i] > 1 && heads[i] > 1) { plot stem.'.dat' index i - 1 matrix with image notitle } else { ".\
  "plot stem.'.dat' index i - 1 matrix using 1:2:($1-0.5):($1+0.5):($2-0.5):($2+0.5):3 with boxxyerror fs solid noborder lc palette notitle }"
set border 15
set xlabel "Head" offset 0,0.95
set cbtics offset 0,0.55 scale 0.3
set multiplot
)gnuplot";

struct Panel {
  std::vector<std::string> title;
  Table table;
};

// As many as are easy to read, and more where a page would not hold the rows.
std::size_t ColumnsFor(FigureWidth width, std::size_t panels) {
  const auto fitting = [&](double cell) { return static_cast<std::size_t>(std::max(1.0, width.mm / cell)); };
  constexpr double kPageMm = 220;
  for (std::size_t columns = fitting(43);; ++columns) {
    const auto rows = static_cast<double>((panels + columns - 1) / columns);
    const double cell_height = width.mm / static_cast<double>(columns) + 10;
    if (rows * cell_height < kPageMm || columns >= fitting(28))
      return std::clamp<std::size_t>(panels, 1, columns);
  }
}

// As kGrid computes it.
double PanelWidth(FigureWidth width, std::size_t columns) {
  const double outer = 1.2 * 0.443 * kTextPoints;
  const double cell = (width.mm - 2 * kSideMm - outer) / static_cast<double>(columns);
  return std::min(cell, 58.0) - kTicsMm - kRightMm;
}

// Height of a panel by its width: near square, flatter where all maps have few layers.
double AspectOf(const std::vector<Panel>& panels) {
  double aspect = 0.4;
  for (const Panel& panel : panels)
    aspect = std::max(aspect,
                      static_cast<double>(panel.table.size()) / static_cast<double>(panel.table[0].size()));
  return std::min(aspect, 1.0);
}

std::string PanelVariables(const std::vector<Panel>& panels) {
  std::size_t title_lines = 1;
  std::string text =
      fmt::format("maps = {0}\narray titles[{0}]\narray layers[{0}]\narray heads[{0}]\narray has_gaps[{0}]\n",
                  panels.size());
  for (std::size_t i = 0; i < panels.size(); ++i) {
    const Table& table = panels[i].table;
    title_lines = std::max(title_lines, panels[i].title.size());
    text += fmt::format("titles[{0}] = {1}\nlayers[{0}] = {2}\nheads[{0}] = {3}\nhas_gaps[{0}] = {4:d}\n",
                        i + 1, GnuplotLines(panels[i].title), table.size(), table[0].size(), HasGap(table));
  }
  return text + fmt::format("title_lines = {}\naspect = {:.4g}  # of a panel: height to width\n", title_lines,
                            AspectOf(panels));
}

// What a metric is called on the colour bar and in captions.
std::string MetricWords(std::string_view metric) {
  constexpr std::pair<std::string_view, const char*> kWords[] = {
      {kReceivedEntropy, "Received entropy (0 to 1)"},
      {"query_entropy", "Query entropy (0 to 1)"},
      {"received_entropy_without_first", "Received entropy without position 0 (0 to 1)"},
      {"sink_mass", "Attention to position 0 (share)"},
      {"previous_token", "Attention to the previous token (share)"},
      {"duplicate_token", "Attention to equal tokens (share)"},
      {"induction", "Induction (share)"},
      {"mean_distance", "Mean distance (tokens)"},
      {"local_mass", "Attention within 8 tokens (share)"},
      {"max_weight", "Largest weight of a row, mean"},
      {"effective_support", "Effective support (keys)"}};
  for (const auto& [name, words] : kWords) {
    if (name == metric) return words;
  }
  return std::string(metric);
}

const Table* MapOf(const ModelResult& model, std::string_view metric) {
  if (model.error) return nullptr;
  if (metric == kReceivedEntropy) return model.head_entropies.empty() ? nullptr : &model.head_entropies;
  for (const HeadMetric& each : model.head_metrics) {
    if (each.name == metric && !each.mean.empty()) return &each.mean;
  }
  return nullptr;
}

std::string RangeVariables(const char* name, const Range& range) {
  return fmt::format("{0}_low = {1:.9g}\n{0}_high = {2:.9g}\n{0}_step = {3:.9g}\n", name, range.low,
                     range.high, RoundStep(range.high - range.low, 5));
}

// A row of the panel on the right: one difference with what belongs to it.
struct Strip {
  const char* title;
  const PairDelta* delta;
};

std::vector<Strip> StripsOf(const Comparison& comparison) {
  constexpr std::pair<std::string_view, const char*> kTitles[] = {{"specialization", "SI"},
                                                                  {"correlation", "Head correlation"},
                                                                  {"variance", "Variance over heads"},
                                                                  {"gqa_ratio", "Within / between groups"}};
  std::vector<Strip> strips;
  for (const PairDelta& delta : comparison.deltas) {
    for (const auto& [name, title] : kTitles) {
      if (name == delta.name) strips.push_back({title, &delta});
    }
  }
  return strips;
}

Range IntervalOf(const PairDelta& delta) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  if (!delta.bootstrap) return {kNone, kNone};
  return delta.bootstrap->bca_95.value_or(delta.bootstrap->percentile_95);
}

std::string Signed(double value) { return fmt::format("{}{:.3g}", value < 0 ? "−" : "+", std::abs(value)); }

std::string StripVariables(const std::vector<Strip>& strips) {
  std::string text = fmt::format(
      "strips = {0}\narray strip_titles[{0}]\narray strip_low[{0}]\narray strip_high[{0}]\narray "
      "strip_step[{0}]\n",
      strips.size());
  for (std::size_t i = 0; i < strips.size(); ++i) {
    const PairDelta& delta = *strips[i].delta;
    double largest = std::abs(delta.value), low = std::min(0.0, delta.value),
           high = std::max(0.0, delta.value);
    std::vector<Range> ranges = {IntervalOf(delta)};
    if (delta.null) ranges.push_back(delta.null->band_95);
    for (const Range& range : ranges) {
      if (std::isnan(range.low)) continue;
      low = std::min(low, range.low);
      high = std::max(high, range.high);
    }
    largest = std::max({high - low, largest, 1e-9});
    text += fmt::format(
        "strip_titles[{0}] = {1}\nstrip_low[{0}] = {2:.6g}\nstrip_high[{0}] = {3:.6g}\nstrip_step[{0}] = "
        "{4:.6g}\n",
        i + 1, GnuplotString(fmt::format("{}: {}", strips[i].title, Signed(delta.value))),
        low - 0.08 * largest, high + 0.08 * largest, RoundStep(largest, 2.5));
  }
  return text;
}

std::string StripData(const std::vector<Strip>& strips) {
  std::string text =
      "# tuned - base: difference, 95 % interval over prompts: from, to, middle 95 % of its null: from, to\n";
  for (const Strip& strip : strips) {
    const Range interval = IntervalOf(*strip.delta);
    constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    const Range null = strip.delta->null ? strip.delta->null->band_95 : Range{kNone, kNone};
    text += fmt::format("{} {} {} {} {}\n", PythonFloat(strip.delta->value), PythonFloat(interval.low),
                        PythonFloat(interval.high), PythonFloat(null.low), PythonFloat(null.high));
  }
  return text;
}

std::vector<std::string> SideTitle(const char* role, const PairSide& side, double mm) {
  std::vector<std::string> lines = WrapMm(fmt::format("{}: {}", role, ShortName(side.name)), mm, 2);
  lines.push_back(fmt::format("SI {:.3f}", side.specialization_index));
  return lines;
}

// What was shuffled, each way once.
std::string NullWords(const std::vector<Strip>& strips) {
  std::vector<std::string> words;
  for (const Strip& strip : strips) {
    if (!strip.delta->null) continue;
    const std::string text = fmt::format("{} ({})", strip.delta->null->what, strip.title);
    words.push_back(text);
  }
  return fmt::format("{}", fmt::join(words, ", "));
}

bool HasIntervals(const std::vector<Strip>& strips) {
  return std::any_of(strips.begin(), strips.end(),
                     [](const Strip& strip) { return strip.delta->bootstrap.has_value(); });
}

// What the marks of the differences are.
std::string MarksTitle(const std::vector<Strip>& strips) {
  const bool has_null = !NullWords(strips).empty();
  if (!HasIntervals(strips)) return has_null ? "grey: null, 95 %" : "";
  return has_null ? "line: 95 % interval, grey: null, 95 %" : "line: 95 % interval";
}

constexpr const char* kMapsLayout = R"gnuplot(under_panel = 0
panels = maps
)gnuplot";

constexpr const char* kMapsBody = R"gnuplot(
eval(sequential)
set cbrange [map_low:map_high]
set cbtics map_step
bar_length = width < 90 ? 0.6 * width : 54
do for [i = 1:maps] {
  eval(frame(i))
  if ((i - 1) % columns == 0) { set ylabel "Layer" offset 1.9,0 } else { unset ylabel }
  if (i == 1) {
    eval(bar(0.5 * (width - bar_length), 2.6 * line + 2.2, bar_length))
    set cblabel map_title offset 0,0.9
  } else { unset colorbox }
  eval(map)
}
unset multiplot
)gnuplot";

constexpr const char* kComparisonLayout = R"gnuplot(under_panel = 2.4 * line + 3
panels = 4
)gnuplot";

constexpr const char* kComparisonBody = R"gnuplot(
do for [i = 1:2] {
  eval(frame(i))
  eval(sequential)
  set cbrange [map_low:map_high]
  set cbtics map_step
  if (i == 1) {
    set ylabel "Layer" offset 1.9,0
    eval(bar(panel_left(1), panel_bottom(1) - 1.8 * line - 1.2, panel_left(2) + panel_width - panel_left(1)))
    set cblabel "Received entropy (0 to 1)" offset 0,0.9
  } else { unset ylabel; unset colorbox }
  eval(map)
}
i = 3
eval(frame(i))
if (columns == 2) { set ylabel "Layer" offset 1.9,0 }
if (has_difference) {
  eval(diverging)
  set cbrange [-difference:difference]
  set cbtics difference_step
  eval(bar(panel_left(3), panel_bottom(3) - 1.8 * line - 1.2, panel_width))
  set cblabel "Tuned − base" offset 0,0.9
  eval(map)
} else {
  set title titles[3] offset 0,-0.75
  set label 1 "layers or heads differ:\nno difference" at graph 0.5,0.5 center
  unset tics
  unset ylabel
  unset xlabel
  set xrange [0:1]
  set yrange [0:1]
  plot NaN notitle
  unset label 1
}

# ---- the differences, each on its own axis ----
unset title
unset colorbox
unset object
unset ylabel
unset xlabel
set border 1
set lmargin at screen x(panel_left(4) - 2)
set rmargin at screen x(panel_left(4) + panel_width)
set label 1 strips_title at screen x(panel_left(4) - 2),y(panel_top(4) + 1.4 * line + 0.4) left
set label 3 marks_title at screen x(panel_left(4) - 2),y(panel_top(4) + 0.5 * line + 0.4) left
strip_height = (panel_top(4) - panel_bottom(4) + under_panel + line) / strips
strip_height = strip_height > 5 * line ? 5 * line : strip_height
set yrange [-1:1]
unset ytics
set xtics nomirror
set format x "%g"
do for [s = 1:strips] {
  top = panel_top(4) - (s - 1) * strip_height
  set tmargin at screen y(top - 1.1 * line)
  set bmargin at screen y(top - strip_height + 1.5 * line)
  set xrange [strip_low[s]:strip_high[s]]
  set xtics strip_step[s] offset 0,0.4
  set arrow 1 from 0,graph 0 to 0,graph 1 nohead lc rgb "#000000" lw 0.5 dt (3,3) back
  set label 2 strip_titles[s] at screen x(panel_left(4) - 2),y(top - 0.5 * line) left
  plot stem.".dat" index 3 every ::(s-1)::(s-1) using 4:(0):4:5:(-0.5):(0.5) with boxxyerror fs solid noborder lc rgb null_colour notitle, \
    "" index 3 every ::(s-1)::(s-1) using 2:(0):($3-$2):(0) with vectors nohead lc rgb mark_colour lw 1 notitle, \
    "" index 3 every ::(s-1)::(s-1) using 1:(0) with points pt 7 ps 1.3*dot lc rgb mark_colour notitle
  unset label 1
  unset label 3
}
unset multiplot
)gnuplot";

std::vector<std::string> FailuresOf(const RunResult& run, std::string_view metric) {
  std::vector<std::string> notes;
  for (const ModelResult& model : run.models) {
    if (model.error)
      notes.push_back(OneLine(model.display) + ": it failed");
    else if (MapOf(model, metric) == nullptr)
      notes.push_back(OneLine(model.display) + ": not measured");
  }
  return notes;
}

}  // namespace

bool HasPaperMaps(const RunResult& run, std::string_view metric) {
  return std::any_of(run.models.begin(), run.models.end(),
                     [&](const ModelResult& model) { return MapOf(model, metric) != nullptr; });
}

Pictures PaperHeadMaps(const RunResult& run, std::string_view metric, FigureWidth width) {
  std::vector<const ModelResult*> models;
  for (const ModelResult& model : run.models) {
    if (MapOf(model, metric) != nullptr) models.push_back(&model);
  }
  const std::size_t columns = ColumnsFor(width, models.size());
  std::vector<Panel> panels;
  std::vector<const Table*> tables;
  std::string data;
  for (const ModelResult* model : models) {
    const Table& table = *MapOf(*model, metric);
    tables.push_back(&table);
    panels.push_back({WrapMm(ShortName(model->display), PanelWidth(width, columns), 2), table});
    data += MatrixText(fmt::format("{}: {}, layers x heads", model->display, metric), table);
  }
  PaperScript script{.stem = metric == kReceivedEntropy ? "head_maps" : fmt::format("head_maps_{}", metric),
                     .title = fmt::format("{} of every head", MetricWords(metric))};
  script.variables =
      kPalettes + fmt::format("columns = {}\nmap_title = {}\n", columns, GnuplotString(MetricWords(metric))) +
      RangeVariables("map", SpanOf(tables)) + PanelVariables(panels);
  script.layout = std::string(kMapsLayout) + kGrid + "height = rows * cell_height + 2.6 * line + 2.7\n";
  script.body = std::string(kMapBody) + kMapsBody;
  return PaperPictures(script, width, std::move(data));
}

std::string PaperHeadMapsCaption(const RunResult& run, std::string_view metric) {
  const std::vector<std::string> notes = FailuresOf(run, metric);
  bool has_gap = false;
  for (const ModelResult& model : run.models) {
    if (const Table* table = MapOf(model, metric)) has_gap = has_gap || HasGap(*table);
  }
  std::string words = MetricWords(metric);
  std::string text = fmt::format("{} of every head, mean over {} prompts; all panels share one scale.", words,
                                 run.plan.protocol.prompts.prompts.size());
  if (has_gap) text += " Hatched: not defined.";
  if (!notes.empty()) text += fmt::format(" Not shown: {}.", fmt::join(notes, "; "));
  return text;
}

Pictures PaperComparison(const Comparison& comparison, FigureWidth width) {
  const std::size_t columns = width.mm < 130 ? 2 : 4;
  const double room = PanelWidth(width, columns);
  const Table nothing = {{0}};
  const Table& difference = comparison.map_difference ? *comparison.map_difference : nothing;
  const std::vector<Panel> panels = {{SideTitle("base", comparison.base, room), comparison.base.entropies},
                                     {SideTitle("tuned", comparison.tuned, room), comparison.tuned.entropies},
                                     {{"tuned − base"}, difference}};
  const std::vector<Strip> strips = StripsOf(comparison);
  const double largest = LargestOf(difference);
  PaperScript script{.stem = "comparison", .title = "A base model against a tuned one"};
  script.variables =
      kPalettes + std::string("mark_colour = '#08519c'\nnull_colour = '#c4c4c4'\n") +
      fmt::format(
          "columns = {}\nhas_difference = {:d}\ndifference = {:.9g}\ndifference_step = {:.6g}\n"
          "strips_title = 'tuned − base'\nmarks_title = '{}'\n",
          columns, comparison.map_difference.has_value(), largest, RoundStep(2 * largest, 3),
          MarksTitle(strips)) +
      RangeVariables("map", SpanOf({&comparison.base.entropies, &comparison.tuned.entropies})) +
      PanelVariables(panels) + StripVariables(strips);
  script.layout = std::string(kComparisonLayout) + kGrid + "height = rows * cell_height\n";
  script.body = std::string(kMapBody) + kComparisonBody;
  return PaperPictures(script, width,
                       MatrixText("base: received entropy, layers x heads", comparison.base.entropies) +
                           MatrixText("tuned: received entropy, layers x heads", comparison.tuned.entropies) +
                           MatrixText("tuned - base", difference) + StripData(strips));
}

std::string PaperComparisonCaption(const Comparison& comparison) {
  const std::vector<Strip> strips = StripsOf(comparison);
  std::string text = fmt::format(
      "Received entropy of every head of {} (base) and {} (tuned), their difference, and the differences of "
      "their indices: {}.",
      OneLine(comparison.base.name), OneLine(comparison.tuned.name), comparison.verdict.code);
  if (HasIntervals(strips)) {
    text += " Lines: 95 % bootstrap intervals over prompts";
    if (comparison.num_prompts > 0) text += fmt::format(" (n = {})", comparison.num_prompts);
    text += ", the same resamples for both models.";
  }
  if (!NullWords(strips).empty())
    text += fmt::format(" Grey bars: the middle 95 % with {}.", NullWords(strips));
  if (HasGap(comparison.base.entropies) || HasGap(comparison.tuned.entropies))
    text += " Hatched: not defined.";
  return text;
}

}  // namespace headspec::report
