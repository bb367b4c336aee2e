#include "report/sweep_panels.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/gnuplot.h"

namespace headspec::report {
namespace {

constexpr std::size_t kColumns = 3;

std::string Compact(double value) {
  if (value >= 1e9) return fmt::format("{:.4g}B", value / 1e9);
  if (value >= 1e6) return fmt::format("{:.4g}M", value / 1e6);
  return value >= 1e4 ? fmt::format("{:.4g}k", value / 1e3) : fmt::format("{:.6g}", value);
}

// Numbers under the horizontal axis: where they stand, and what is written there.
class Tics {
 public:
  void Add(double place, double named) {
    shown_.push_back(fmt::format("'{}' {:.8g}", Compact(named), place));
    hidden_.push_back(fmt::format("'' {:.8g}", place));
  }
  std::string Variables() const {
    return fmt::format("place_tics = \"{}\"\nhidden_tics = \"{}\"\n", Join(shown_), Join(hidden_));
  }

 private:
  std::vector<std::string> shown_, hidden_;
};

struct PlaceAxis {
  bool is_log = false;
  bool has_zero = false;
  double low = 0, high = 1;
  double zero = 0;  // where step 0 stands on a logarithmic axis, and where the axis breaks before the others
  double gap = 0;
  Tics tics = {};
};

void SetLogarithmic(const Range& positive, PlaceAxis& axis) {
  const double decades = std::max(std::log10(positive.high / positive.low), 0.3);
  const double room = std::pow(10, 0.04 * decades);
  axis.zero = positive.low / std::pow(10, 0.12 * decades);
  axis.gap = positive.low / std::pow(10, 0.06 * decades);
  axis.low = (axis.has_zero ? axis.zero : positive.low) / room;
  axis.high = positive.high * room;
  if (axis.has_zero) axis.tics.Add(axis.zero, 0);
  const int every = decades > 6.5 ? 2 : 1;
  const int last = static_cast<int>(std::ceil(std::log10(axis.high)));
  for (int power = static_cast<int>(std::floor(std::log10(axis.low))); power <= last; ++power) {
    for (const double lead : {1.0, 2.0, 5.0}) {
      if (lead > 1 && decades > 2) continue;
      const double place = lead * std::pow(10, power);
      if (place >= positive.low * 0.999 && place <= axis.high && power % every == 0)
        axis.tics.Add(place, place);
    }
  }
}

void SetLinear(const Range& positive, PlaceAxis& axis) {
  const double first = axis.has_zero ? 0 : positive.low, last = positive.IsEmpty() ? 1 : positive.high;
  const double span = std::max(last - first, 1e-9);
  axis.low = first - 0.04 * span;
  axis.high = last + 0.04 * span;
  const double step = RoundStep(span, 3);
  for (double place = std::ceil(first / step) * step; place <= last + 1e-9 * span; place += step)
    axis.tics.Add(place, place);
}

}  // namespace

Frame FrameOf(std::size_t panels) {
  Frame frame;
  frame.columns = std::min(panels, kColumns);
  if (panels == 1) frame.width = kSingleColumn.mm;
  frame.panel_width =
      (frame.width - kPanelsLeft - kPanelsRight - kPanelsApart * static_cast<double>(frame.columns - 1)) /
      static_cast<double>(frame.columns);
  return frame;
}

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

std::string PlaceVariables(const std::vector<CurveSeries>& all, CurveAxis kind) {
  Range positive;
  PlaceAxis axis;
  for (const CurveSeries& series : all) {
    for (const auto& [place, point] : series.points) {
      if (place > 0)
        positive.Add(place);
      else
        axis.has_zero = true;
    }
  }
  axis.is_log = kind == CurveAxis::kSize || (!positive.IsEmpty() && positive.high > 100 * positive.low);
  if (axis.is_log)
    SetLogarithmic(positive, axis);
  else
    SetLinear(positive, axis);
  const bool has_break = axis.is_log && axis.has_zero;
  const char* name = kind == CurveAxis::kSize ? "Parameters (log scale)"
                     : has_break              ? "Training step (log scale; step 0 apart)"
                     : axis.is_log            ? "Training step (log scale)"
                                              : "Training step";
  return fmt::format("is_log = {:d}\nplace_low = {:.8g}\nplace_high = {:.8g}\nplace_title = '{}'\n",
                     axis.is_log, axis.low, axis.high, name) +
         axis.tics.Variables() +
         fmt::format(
             "has_break = {:d}\nzero_at = {:.8g}  # where step 0 stands\nbreak_at = {:.8g}\nconnected = "
             "{:d}\n",
             has_break, axis.zero, axis.gap, kind == CurveAxis::kStep);
}

std::string LookVariables(const std::vector<Look>& looks, const Shades& shades, double width) {
  std::vector<std::string> colours, keys;
  double widest = 0;
  for (const Look& look : looks) {
    colours.push_back("'" + look.colour + "'");
    if (look.label.empty()) continue;
    keys.push_back(GnuplotString(look.colour + " " + look.label));
    widest = std::max(widest, TextMm(look.label));
  }
  const std::size_t fixed = (shades.intervals ? 1 : 0) + (shades.nulls ? 1 : 0);
  if (fixed > 0) widest = std::max(widest, TextMm("heads shuffled within layers, 95 %"));
  const std::size_t entries = keys.size() + fixed;
  const auto columns = std::clamp<std::size_t>(static_cast<std::size_t>((width - 4) / (widest + 9)), 1,
                                               std::max<std::size_t>(entries, 1));
  if (keys.empty()) keys.emplace_back("''");
  return fmt::format(
      "array colour[{}] = [{}]  # of each block\nkeys = {}\narray key[{}] = [{}]  # colour and "
      "name\nhas_bands = {:d}\n"
      "has_nulls = {:d}\nhas_intervals = {:d}\nkey_columns = {}\nkey_rows = {}\nkey_width = {:.2f}\n",
      looks.size(), Join(colours), entries - fixed, keys.size(), Join(keys), shades.bands, shades.nulls,
      shades.intervals, columns, (entries + columns - 1) / columns, widest + 9);
}

std::string LayoutVariables(double panels_height) {
  return fmt::format("panels_height = {:.2f}\n", panels_height);
}

}  // namespace headspec::report
