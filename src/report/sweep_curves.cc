#include "report/sweep_curves.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "report/gnuplot.h"
#include "report/paper_style.h"
#include "report/sweep_script.h"
#include "report/sweep_table.h"
#include "report/text.h"

namespace headspec::report {
namespace {

constexpr std::size_t kMostSizes = 12;  // panels of the first figure
constexpr std::size_t kMostStyles = 6;  // curves told apart by colour in one panel
constexpr std::size_t kMostBands = 3;   // curves of one panel whose bands are shaded
constexpr std::size_t kMostLines = 60;  // of the figure without steps and sizes
constexpr std::size_t kColumns = 3;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

enum class Axis { kStep, kSize, kNames };

struct Quantity {
  std::string name;  // of its columns
  std::string title;
};

// What each metric is called in a panel's title, where its name alone says little.
std::string TitleOf(const std::string& name) {
  static const std::map<std::string, std::string> kTitles = {
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

const SweepValue* ValueOf(const SweepPoint& point, const std::string& name) {
  if (name == "si") return &point.si;
  if (name == "depth_share") return &point.depth_share;
  if (name == "entropy") return &point.entropy;
  for (const auto& [metric, value] : point.metrics) {
    if (metric == name) return &value;
  }
  return nullptr;
}

// One curve as it is drawn: where its points lie, and how it looks.
struct Series {
  const SweepCurve* curve = nullptr;
  std::string label;      // what tells it from the others of its size
  std::string size;       // "70.43M"
  std::size_t style = 0;  // of all labels
  std::vector<std::pair<double, const SweepPoint*>> points = {};
};

std::string SizeOf(const SweepCurve& curve) {
  return curve.parameters == 0 ? "size unknown" : ParametersLabel(curve.parameters);
}

std::string LastPart(const std::string& name) {
  const auto slash = name.find_last_of('/');
  return slash == std::string::npos || slash + 1 == name.size() ? name : name.substr(slash + 1);
}

Axis AxisOf(const SweepResult& result) {
  std::set<std::uint64_t> sizes;
  for (const SweepCurve& curve : result.curves) {
    std::set<double> steps;
    for (const std::size_t row : curve.rows) {
      if (result.rows[row].cell.step) steps.insert(*result.rows[row].cell.step);
    }
    if (steps.size() > 1) return Axis::kStep;
    if (curve.parameters > 0) sizes.insert(curve.parameters);
  }
  return sizes.size() > 2 ? Axis::kSize : Axis::kNames;
}

// The parts of a curve's description in which the sweep's curves differ. Models of sizes of their own are
// told apart by size.
std::vector<std::string> LabelsOf(const std::vector<SweepCurve>& curves) {
  const auto differ = [&](const auto field) {
    return std::any_of(curves.begin(), curves.end(),
                       [&](const SweepCurve& curve) { return field(curve) != field(curves.front()); });
  };
  std::map<std::uint64_t, std::set<std::string>> models;
  for (const SweepCurve& curve : curves) models[curve.parameters].insert(curve.model);
  const bool shows_model =
      std::any_of(models.begin(), models.end(), [](const auto& m) { return m.second.size() > 1; });
  const bool shows_dtype = differ([](const SweepCurve& c) { return c.dtype; });
  const bool shows_prompts = differ([](const SweepCurve& c) { return c.prompts; });
  const bool shows_variant = differ([](const SweepCurve& c) { return c.variant; });
  std::vector<std::string> labels;
  for (const SweepCurve& curve : curves) {
    std::string label;
    for (const auto& [shown, part] :
         {std::pair(shows_model, LastPart(curve.model)), std::pair(shows_dtype, curve.dtype),
          std::pair(shows_prompts, LastPart(curve.prompts)), std::pair(shows_variant, curve.variant)}) {
      if (shown && !part.empty()) label += (label.empty() ? "" : ", ") + part;
    }
    labels.push_back(label);
  }
  return labels;
}

std::vector<Series> SeriesOf(const SweepResult& result, Axis axis) {
  const std::vector<std::string> labels = LabelsOf(result.curves);
  std::vector<std::string> styles;
  std::vector<Series> all;
  for (std::size_t i = 0; i < result.curves.size(); ++i) {
    const SweepCurve& curve = result.curves[i];
    Series series{.curve = &curve, .label = labels[i], .size = SizeOf(curve)};
    const auto known = std::find(styles.begin(), styles.end(), labels[i]);
    series.style = static_cast<std::size_t>(known - styles.begin());
    if (known == styles.end()) styles.push_back(labels[i]);
    for (const std::size_t row : curve.rows) {
      const SweepRow& found = result.rows[row];
      const double place =
          axis == Axis::kStep ? found.cell.step.value_or(kNaN) : static_cast<double>(found.point->parameters);
      if (!std::isnan(place) && (axis == Axis::kStep || place > 0))
        series.points.emplace_back(place, &*found.point);
    }
    if (!series.points.empty()) all.push_back(std::move(series));
  }
  return all;
}

std::string Columns(const SweepValue* value) {
  if (value == nullptr) return "\tnan\tnan\tnan";
  const bool has_interval = value->interval_95.has_value();
  return fmt::format("\t{}\t{}\t{}", PythonFloat(value->value),
                     PythonFloat(has_interval ? value->interval_95->low : kNaN),
                     PythonFloat(has_interval ? value->interval_95->high : kNaN));
}

// One block for each series; three columns for each quantity behind place and null.
std::string DataText(const std::vector<Series>& all, const std::vector<Quantity>& quantities, Axis axis) {
  std::string text = axis == Axis::kStep ? "# step" : "# parameters";
  text += "\theads shuffled within layers, middle 95 %: from\tto";
  for (const Quantity& quantity : quantities) text += fmt::format("\t{0}\t{0} from\t{0} to", quantity.name);
  text += "\n";
  for (const Series& series : all) {
    text += fmt::format("# {}\n", OneLine(series.curve->name));
    for (const auto& [place, point] : series.points) {
      text += PythonFloat(place);
      const bool has_null = point->null_95.has_value();
      text += fmt::format("\t{}\t{}", PythonFloat(has_null ? point->null_95->low : kNaN),
                          PythonFloat(has_null ? point->null_95->high : kNaN));
      for (const Quantity& quantity : quantities) text += Columns(ValueOf(*point, quantity.name));
      text += '\n';
    }
    text += "\n\n";
  }
  return text;
}

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;

  void Add(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  void Add(const std::optional<Interval>& interval) {
    if (!interval) return;
    Add(interval->low);
    Add(interval->high);
  }
  bool IsEmpty() const { return low > high; }
};

Range RangeOf(const std::vector<Series>& all, const std::string& quantity, bool with_null) {
  Range range;
  for (const Series& series : all) {
    for (const auto& [place, point] : series.points) {
      const SweepValue* value = ValueOf(*point, quantity);
      if (value == nullptr) continue;
      range.Add(value->value);
      range.Add(value->interval_95);
      if (with_null) range.Add(point->null_95);
    }
  }
  return range;
}

// One frame of a figure, in millimetres from its lower left corner. `top` is its upper edge below the
// figure's.
struct Panel {
  std::string title;
  std::string label;  // of the vertical axis
  double left = 0, top = 0, width = 0, height = 0;
  Range range = {};
  double parts = 5;        // of the vertical axis
  std::size_t column = 4;  // of its value in the data
  bool has_null = false;
  bool names_steps = true;   // numbers under the horizontal axis
  bool names_values = true;  // numbers beside the vertical one
  std::vector<std::size_t> series = {};
};

std::string Join(const std::vector<std::string>& texts) {
  std::string joined;
  for (const std::string& text : texts) joined += (joined.empty() ? "" : ", ") + text;
  return joined;
}

std::string PanelVariables(const std::vector<Panel>& panels) {
  std::vector<std::string> numbers, titles, labels, lists;
  for (const Panel& panel : panels) {
    Range range = panel.range;
    if (range.IsEmpty()) range = {0, 1};
    const double span = std::max(range.high - range.low, 0.01 * std::max(std::abs(range.high), 0.1));
    const double step = RoundStep(span, panel.parts);
    const int decimals = std::clamp(static_cast<int>(std::ceil(-std::log10(step) - 1e-9)), 0, 6);
    numbers.push_back(
        fmt::format("'{:.2f} {:.2f} {:.2f} {:.2f} {:.6g} {:.6g} {:.6g} %.{}f {} {:d} {:d} {:d}'", panel.left,
                    panel.top, panel.width, panel.height, range.low - 0.06 * span, range.high + 0.06 * span,
                    step, decimals, panel.column, panel.has_null, panel.names_steps, panel.names_values));
    titles.push_back(GnuplotString(panel.title));
    labels.push_back(GnuplotString(panel.label));
    std::string list;
    for (const std::size_t series : panel.series) list += (list.empty() ? "" : " ") + std::to_string(series);
    lists.push_back("'" + list + "'");
  }
  return fmt::format(
      "# each panel: left, top, width and height in mm; its values from, to, between numbers, their format;\n"
      "# column of the value, then 0 or 1: has a null, has numbers below, has numbers to the left\n"
      "panels = {0}\narray panel[{0}] = [{1}]\narray panel_title[{0}] = [{2}]\narray panel_label[{0}] = "
      "[{3}]\n"
      "array panel_series[{0}] = [{4}]  # blocks of the data\n",
      panels.size(), Join(numbers), Join(titles), Join(labels), Join(lists));
}

std::string Compact(double value) {
  if (value >= 1e9) return fmt::format("{:.4g}B", value / 1e9);
  if (value >= 1e6) return fmt::format("{:.4g}M", value / 1e6);
  return value >= 1e4 ? fmt::format("{:.4g}k", value / 1e3) : fmt::format("{:.6g}", value);
}

// The horizontal axis. Zero has no place on a logarithmic one: it stands apart, behind a break.
std::string PlaceVariables(const std::vector<Series>& all, Axis axis) {
  Range positive;
  bool has_zero = false;
  for (const Series& series : all) {
    for (const auto& [place, point] : series.points) {
      if (place > 0)
        positive.Add(place);
      else
        has_zero = true;
    }
  }
  const bool is_log = axis == Axis::kSize || (!positive.IsEmpty() && positive.high > 100 * positive.low);
  std::vector<std::string> tics, hidden;
  const auto add = [&](double place, double named) {
    tics.push_back(fmt::format("'{}' {:.8g}", Compact(named), place));
    hidden.push_back(fmt::format("'' {:.8g}", place));
  };
  double low = 0, high = 1, zero = 0, gap = 0;
  if (is_log) {
    const double decades = std::max(std::log10(positive.high / positive.low), 0.3);
    const double room = std::pow(10, 0.04 * decades);
    zero = positive.low / std::pow(10, 0.12 * decades);
    gap = positive.low / std::pow(10, 0.06 * decades);
    low = (has_zero ? zero : positive.low) / room;
    high = positive.high * room;
    if (has_zero) add(zero, 0);
    const int every = decades > 6.5 ? 2 : 1;
    for (int power = static_cast<int>(std::floor(std::log10(low))); power <= std::ceil(std::log10(high));
         ++power) {
      for (const double lead : {1.0, 2.0, 5.0}) {
        if (lead > 1 && decades > 2) continue;
        const double place = lead * std::pow(10, power);
        if (place < positive.low * 0.999 || place > high || power % every != 0) continue;
        add(place, place);
      }
    }
  } else {
    const double first = has_zero ? 0 : positive.low, last = positive.IsEmpty() ? 1 : positive.high;
    const double span = std::max(last - first, 1e-9);
    low = first - 0.04 * span;
    high = last + 0.04 * span;
    const double step = RoundStep(span, 3);
    for (double place = std::ceil(first / step) * step; place <= last + 1e-9 * span; place += step)
      add(place, place);
  }
  const bool has_break = is_log && has_zero;
  const char* name = axis == Axis::kSize ? "Parameters (log scale)"
                     : has_break         ? "Training step (log scale; step 0 apart)"
                     : is_log            ? "Training step (log scale)"
                                         : "Training step";
  return fmt::format(
      "is_log = {:d}\nplace_low = {:.8g}\nplace_high = {:.8g}\nplace_title = '{}'\nplace_tics = \"{}\"\n"
      "hidden_tics = \"{}\"\n"
      "has_break = {:d}\nzero_at = {:.8g}  # where step 0 stands\nbreak_at = {:.8g}\nconnected = {:d}\n",
      is_log, low, high, name, Join(tics), Join(hidden), has_break, zero, gap, axis == Axis::kStep);
}

// Dark blues and oranges apart in lightness too; the first is the one of every other figure.
constexpr const char* kColours[] = {"#08519c", "#d9720e", "#117a65", "#8a3b8f", "#a88500", "#4a5568"};
// Of sizes, small to large.
constexpr const char* kRamp[] = {"#9ec9e2", "#6baed6", "#4292c6", "#2171b5", "#08519c", "#08306b",
                                 "#fdae6b", "#f08c3c", "#d9720e", "#a85400", "#7f3b08", "#4d2100"};

struct Look {
  std::string colour;
  std::string label;  // empty: not in the key
};

std::string LookVariables(const std::vector<Look>& looks, bool has_bands, bool has_nulls, bool has_intervals,
                          double width) {
  std::vector<std::string> colours, keys;
  double widest = 0;
  for (const Look& look : looks) {
    colours.push_back("'" + look.colour + "'");
    if (look.label.empty()) continue;
    keys.push_back(GnuplotString(look.colour + " " + look.label));
    widest = std::max(widest, TextMm(look.label));
  }
  const std::size_t fixed = (has_intervals ? 1 : 0) + (has_nulls ? 1 : 0);
  if (fixed > 0) widest = std::max(widest, TextMm("heads shuffled within layers, 95 %"));
  const std::size_t entries = keys.size() + fixed;
  const auto columns = std::clamp<std::size_t>(static_cast<std::size_t>((width - 4) / (widest + 9)), 1,
                                               std::max<std::size_t>(entries, 1));
  if (keys.empty()) keys.emplace_back("''");
  return fmt::format(
      "array colour[{}] = [{}]  # of each block\nkeys = {}\narray key[{}] = [{}]  # colour and "
      "name\nhas_bands = {:d}\n"
      "has_nulls = {:d}\nhas_intervals = {:d}\nkey_columns = {}\nkey_rows = {}\nkey_width = {:.2f}\n",
      looks.size(), Join(colours), entries - fixed, keys.size(), Join(keys), has_bands, has_nulls,
      has_intervals, columns, (entries + columns - 1) / columns, widest + 9);
}

bool AnyNull(const std::vector<Series>& all) {
  for (const Series& series : all) {
    for (const auto& [place, point] : series.points) {
      if (point->null_95) return true;
    }
  }
  return false;
}

bool AnyInterval(const std::vector<Series>& all) {
  for (const Series& series : all) {
    for (const auto& [place, point] : series.points) {
      if (point->si.interval_95) return true;
    }
  }
  return false;
}

struct Frame {
  double width = kDoubleColumn.mm;
  std::size_t columns = 1;
  double panel_width = 0;
};

constexpr double kLeft = 12.5, kRight = 3, kApart = 4;

Frame FrameOf(std::size_t panels) {
  Frame frame;
  frame.columns = std::min(panels, kColumns);
  if (panels == 1) frame.width = kSingleColumn.mm;
  frame.panel_width = (frame.width - kLeft - kRight - kApart * static_cast<double>(frame.columns - 1)) /
                      static_cast<double>(frame.columns);
  return frame;
}

std::string LayoutVariables(double panels_height) {
  return fmt::format("panels_height = {:.2f}\n", panels_height);
}

// Index above, depth share below, for each size.
Pictures MainFigure(const std::vector<Series>& all, Axis axis) {
  const std::vector<Quantity> quantities = {{"si", "SI"}, {"depth_share", "Depth share"}};
  std::vector<std::string> sizes;
  for (const Series& series : all) {
    const std::string size = axis == Axis::kStep ? series.size : "";
    if (sizes.empty() || sizes.back() != size) sizes.push_back(size);
  }
  std::vector<std::size_t> in_panel(sizes.size());
  const Frame frame = FrameOf(sizes.size());
  const bool is_alone = sizes.size() == 1;
  const double index_height = is_alone ? 44 : 33, share_height = is_alone ? 22 : 17, inner = 2.6;
  const double title = is_alone && (sizes.front().empty()) ? 2 : 1.7 * kLineMm;
  const double row_height = title + index_height + inner + share_height + 1.8 * kLineMm;
  const Range index = RangeOf(all, "si", true), share = RangeOf(all, "depth_share", false);
  std::vector<Panel> panels;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const std::size_t column = i % frame.columns, row = i / frame.columns;
    Panel panel{.title = sizes[i].empty() ? "" : sizes[i] + " parameters",
                .label = column == 0 ? "SI" : "",
                .left = kLeft + static_cast<double>(column) * (frame.panel_width + kApart),
                .top = static_cast<double>(row) * row_height + title,
                .width = frame.panel_width,
                .height = index_height,
                .range = index,
                .column = 4,
                .has_null = AnyNull(all),
                .names_steps = false,
                .names_values = column == 0};
    for (std::size_t s = 0; s < all.size(); ++s) {
      if (axis != Axis::kStep || all[s].size == sizes[i]) panel.series.push_back(s);
    }
    in_panel[i] = panel.series.size();
    panels.push_back(panel);
    panel.title.clear();
    panel.label = column == 0 ? "Depth share" : "";
    panel.top += index_height + inner;
    panel.height = share_height;
    panel.range = share;
    panel.parts = 3;
    panel.column = 7;
    panel.has_null = false;
    panel.names_steps = true;
    panels.push_back(panel);
  }
  const std::size_t most = *std::max_element(in_panel.begin(), in_panel.end());
  std::vector<Look> looks;
  std::set<std::size_t> named;
  std::size_t styles = 0;
  for (const Series& series : all) styles = std::max(styles, series.style + 1);
  for (const Series& series : all) {
    const bool is_told = styles <= kMostStyles;
    Look look{is_told ? kColours[series.style] : kColours[0], ""};
    if (is_told && styles > 1 && named.insert(series.style).second) look.label = series.label;
    looks.push_back(look);
  }
  const std::size_t rows = (sizes.size() + frame.columns - 1) / frame.columns;
  PaperScript script{.stem = kCurvesStem, .title = "Index and depth share of a sweep"};
  script.variables = LookVariables(looks, most <= kMostBands, AnyNull(all) && most <= kMostBands,
                                   AnyInterval(all) && most <= kMostBands, frame.width) +
                     PlaceVariables(all, axis) + LayoutVariables(static_cast<double>(rows) * row_height) +
                     PanelVariables(panels);
  script.layout = kSweepLayout;
  script.body = std::string(kSweepBody) + kSweepKey;
  return PaperPictures(script, {frame.width}, DataText(all, quantities, axis));
}

// One panel for each metric, all curves in it.
std::optional<Pictures> MetricsFigure(const SweepResult& result, const std::vector<Series>& all, Axis axis) {
  std::vector<Quantity> quantities = {{"entropy", "Received entropy"}};
  for (const std::string& name : SweepMetrics(result)) quantities.push_back({name, TitleOf(name)});
  const Frame frame = FrameOf(std::max<std::size_t>(quantities.size(), 2));
  const double height = 30, title = 1.7 * kLineMm, apart = 8;
  const double panel_width =
      frame.panel_width - apart * static_cast<double>(frame.columns - 1) / static_cast<double>(frame.columns);
  const double row_height = title + height + 1.8 * kLineMm;
  std::vector<Panel> panels;
  for (std::size_t i = 0; i < quantities.size(); ++i) {
    const std::size_t column = i % frame.columns, row = i / frame.columns;
    Panel panel{.title = quantities[i].title,
                .label = "",
                .left = kLeft + static_cast<double>(column) * (panel_width + kApart + apart),
                .top = static_cast<double>(row) * row_height + title,
                .width = panel_width,
                .height = height,
                .range = RangeOf(all, quantities[i].name, false),
                .parts = 4,
                .column = 4 + 3 * i};
    for (std::size_t s = 0; s < all.size(); ++s) panel.series.push_back(s);
    panels.push_back(panel);
  }
  std::vector<std::string> sizes;
  std::size_t styles = 0;
  for (const Series& series : all) {
    if (std::find(sizes.begin(), sizes.end(), series.size) == sizes.end()) sizes.push_back(series.size);
    styles = std::max(styles, series.style + 1);
  }
  const bool by_size = sizes.size() > 1 && axis == Axis::kStep;
  std::vector<Look> looks;
  std::set<std::string> named;
  for (const Series& series : all) {
    const auto size =
        static_cast<std::size_t>(std::find(sizes.begin(), sizes.end(), series.size) - sizes.begin());
    const bool is_told = by_size || styles <= kMostStyles;
    // A few sizes take the whole width of the blues.
    const std::size_t shade =
        sizes.size() <= 6 ? size * 5 / std::max<std::size_t>(sizes.size() - 1, 1) : size % 12;
    Look look{by_size ? kRamp[shade] : is_told ? kColours[series.style] : kColours[0], ""};
    const std::string label = by_size ? series.size : series.label;
    if (is_told && !label.empty() && named.insert(label).second) look.label = label;
    looks.push_back(look);
  }
  const bool has_bands = all.size() <= kMostBands;
  const std::size_t rows = (quantities.size() + frame.columns - 1) / frame.columns;
  PaperScript script{.stem = kCurvesMetricsStem,
                     .title = "Head metrics of a sweep, means over layers and heads"};
  script.variables = LookVariables(looks, has_bands, false, has_bands && AnyInterval(all), frame.width) +
                     PlaceVariables(all, axis) + LayoutVariables(static_cast<double>(rows) * row_height) +
                     PanelVariables(panels);
  script.layout = kSweepLayout;
  script.body = std::string(kSweepBody) + kSweepKey;
  return PaperPictures(script, {frame.width}, DataText(all, quantities, axis));
}

std::string Ends(const std::optional<Interval>& interval) {
  if (!interval) return "\tnan\tnan";
  return fmt::format("\t{}\t{}", PythonFloat(interval->low), PythonFloat(interval->high));
}

// One line for each measurement, in the plan's order.
Pictures NamesFigure(const SweepResult& result, std::vector<std::string>& notes) {
  const std::vector<std::string> labels = LabelsOf(result.curves);
  std::map<std::size_t, std::string> names;  // by row
  for (std::size_t i = 0; i < result.curves.size(); ++i) {
    const SweepCurve& curve = result.curves[i];
    for (const std::size_t row : curve.rows) {
      std::string name = labels[i].empty() || labels[i].find(LastPart(curve.model)) != 0
                             ? LastPart(curve.model) + (labels[i].empty() ? "" : ", " + labels[i])
                             : labels[i];
      if (curve.rows.size() > 1) name += "@" + result.rows[row].cell.revision;
      names[row] = name;
    }
  }
  if (names.size() > kMostLines) {
    notes.push_back(
        fmt::format("curves show {} of {} measurements: table.csv has all", kMostLines, names.size()));
    names.erase(std::next(names.begin(), kMostLines), names.end());
  }
  std::string data =
      "# line\tSI\tfrom\tto\theads shuffled within layers, middle 95 %: from\tto\tdepth "
      "share\tfrom\tto\tmodel\n";
  Range index, share;
  std::vector<std::string> quoted;
  double widest = 0;
  bool has_nulls = false, has_intervals = false;
  for (const auto& [row, name] : names) {
    const SweepPoint& point = *result.rows[row].point;
    const std::string shown = WrapMm(name, 62, 1).front();
    data += fmt::format("{}\t{}{}{}\t{}{}\t{}\n", quoted.size(), PythonFloat(point.si.value),
                        Ends(point.si.interval_95), Ends(point.null_95), PythonFloat(point.depth_share.value),
                        Ends(point.depth_share.interval_95), OneLine(name));
    quoted.push_back(GnuplotString(shown));
    widest = std::max(widest, TextMm(shown));
    index.Add(point.si.value);
    index.Add(point.si.interval_95);
    index.Add(point.null_95);
    share.Add(point.depth_share.value);
    share.Add(point.depth_share.interval_95);
    has_nulls = has_nulls || point.null_95;
    has_intervals = has_intervals || point.si.interval_95;
  }
  const double left = widest + 3, apart = 5;
  const double panel_width = (kDoubleColumn.mm - left - kRight - apart) / 2;
  const double height = static_cast<double>(quoted.size()) * 4.4;
  std::vector<Panel> panels = {{.title = "Specialization Index (SI)",
                                .label = "",
                                .left = left,
                                .top = 1.7 * kLineMm,
                                .width = panel_width,
                                .height = height,
                                .range = index,
                                .parts = 4,
                                .column = 2},
                               {.title = "Depth share",
                                .label = "",
                                .left = left + panel_width + apart,
                                .top = 1.7 * kLineMm,
                                .width = panel_width,
                                .height = height,
                                .range = share,
                                .parts = 4,
                                .column = 7}};
  PaperScript script{.stem = kCurvesStem, .title = "Index and depth share of every measurement of a sweep"};
  script.variables = LookVariables({{kColours[0], ""}}, true, has_nulls, has_intervals, kDoubleColumn.mm) +
                     LayoutVariables(1.7 * kLineMm + height + 1.8 * kLineMm) +
                     fmt::format("lines = {0}\narray names[{0}] = [{1}]\n", quoted.size(), Join(quoted)) +
                     PanelVariables(panels);
  script.layout = kSweepLayout;
  script.body = std::string(kSweepNamesBody) + kSweepKey;
  return PaperPictures(script, kDoubleColumn, data);
}

// Those of the largest sizes are left out where there are more than panels.
void DropSizes(std::vector<Series>& all, std::vector<std::string>& notes) {
  std::vector<std::string> sizes;
  for (const Series& series : all) {
    if (std::find(sizes.begin(), sizes.end(), series.size) == sizes.end()) sizes.push_back(series.size);
  }
  if (sizes.size() <= kMostSizes) return;
  notes.push_back(
      fmt::format("curves show the {} smallest of {} sizes: table.csv has all", kMostSizes, sizes.size()));
  std::erase_if(all, [&](const Series& series) {
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
  const Axis axis = AxisOf(result);
  if (axis == Axis::kNames) {
    figures.pictures.push_back(NamesFigure(result, figures.notes));
    return figures;
  }
  std::vector<Series> all = SeriesOf(result, axis);
  std::size_t placed = 0, points = 0;
  for (const Series& series : all) placed += series.points.size();
  for (const SweepCurve& curve : result.curves) points += curve.rows.size();
  if (placed < points)
    figures.notes.push_back(
        fmt::format("curves leave out {} of {} points: {}", points - placed, points,
                    axis == Axis::kStep ? "their revisions name no step" : "of unknown size"));
  if (axis == Axis::kStep) DropSizes(all, figures.notes);
  figures.pictures.push_back(MainFigure(all, axis));
  if (auto metrics = MetricsFigure(result, all, axis)) figures.pictures.push_back(*metrics);
  return figures;
}

}  // namespace headspec::report
