// Where the labels of points go, so that none covers another or a mark.
#pragma once

#include <string>
#include <vector>

namespace headspec::report {

// A straight line in the panel's coordinates.
struct PanelLine {
  double x1 = 0, y1 = 0, x2 = 0, y2 = 0;
};

struct PanelMm {
  double width = 0, height = 0;  // on paper
  double x_low = 0, x_high = 1, y_low = 0, y_high = 1;
  std::vector<PanelLine> lines = {};  // that labels keep clear of
};

// A point with a line through it, in the panel's coordinates.
struct Mark {
  double x = 0, y = 0;
  double low = 0, high = 0;
};

// From the point, in millimetres, with the word that gnuplot knows for the side the text hangs from.
struct LabelPlace {
  double dx = 0, dy = 0;
  std::string alignment = "left";
};

// One place for each mark, `widths` of `line` height. Empty if some find no room; without `strict` these get
// the place beside their mark that they would have had first.
std::vector<LabelPlace> PlaceLabels(const PanelMm& panel, const std::vector<Mark>& marks,
                                    const std::vector<double>& widths, double line, bool strict);

}  // namespace headspec::report
