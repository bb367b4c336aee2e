// The frames, axes and key of a sweep's figures as variables of their scripts (report/sweep_script.h).
// Lengths are millimetres.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "report/paper_style.h"
#include "report/sweep_series.h"

namespace headspec::report {

// One frame of a figure. `top` is its upper edge below the figure's.
struct Panel {
  std::string title = {};
  std::string label = {};  // of the vertical axis
  double left = 0, top = 0, width = 0, height = 0;
  Range range = {};
  double parts = 5;        // of the vertical axis
  std::size_t column = 4;  // of its value in the data
  bool has_null = false;
  bool names_steps = true;   // numbers under the horizontal axis
  bool names_values = true;  // numbers beside the vertical one
  std::vector<std::size_t> series = {};
};

// How a series is drawn.
struct Look {
  std::string colour;
  std::string label;  // empty: not in the key
};

// A grid of panels, as wide as the paper's column or page.
struct Frame {
  double width = kDoubleColumn.mm;
  std::size_t columns = 1;
  double panel_width = 0;
};

inline constexpr double kPanelsLeft = 12.5, kPanelsRight = 3, kPanelsApart = 4;

Frame FrameOf(std::size_t panels);

// What of the looks is shown and explained beside the lines.
struct Shades {
  bool bands = false;  // around a few curves; more would hide one another
  bool nulls = false;
  bool intervals = false;
};

std::string PanelVariables(const std::vector<Panel>& panels);
// The horizontal axis. Zero has no place on a logarithmic one: it stands apart, behind a break.
std::string PlaceVariables(const std::vector<CurveSeries>& all, CurveAxis axis);
std::string LookVariables(const std::vector<Look>& looks, const Shades& shades, double width);
std::string LayoutVariables(double panels_height);
// Elements of an array in a script.
std::string Join(const std::vector<std::string>& texts);

}  // namespace headspec::report
