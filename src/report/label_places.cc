#include "report/label_places.h"

#include <algorithm>
#include <cstddef>

namespace headspec::report {
namespace {

constexpr double kHalfMark = 0.8;  // of a point and of its lines, with air around them
constexpr double kHalfLine = 0.1;
constexpr double kGap = 1.4;  // from a point's centre to its label

struct Box {
  double left, right, low, high;
};

bool Overlap(const Box& a, const Box& b) {
  return a.left < b.right && b.left < a.right && a.low < b.high && b.low < a.high;
}

struct Candidate {
  LabelPlace place;
  Box box;
};

// Beside, above and below its mark, best first.
std::vector<Candidate> Candidates(const Box& mark, double x, double y, double width, double line) {
  const double half = line / 2, above = mark.high - y + half, below = mark.low - y - half;
  std::vector<Candidate> candidates;
  for (const double dy : {0.0, half, -half, line, -line}) {
    candidates.push_back({{kGap, dy, "left"}, {x + kGap, x + kGap + width, y + dy - half, y + dy + half}});
    candidates.push_back({{-kGap, dy, "right"}, {x - kGap - width, x - kGap, y + dy - half, y + dy + half}});
  }
  for (const double dy : {above, below}) {
    candidates.push_back({{0, dy, "center"}, {x - width / 2, x + width / 2, y + dy - half, y + dy + half}});
    candidates.push_back(
        {{-kHalfMark, dy, "left"}, {x - kHalfMark, x - kHalfMark + width, y + dy - half, y + dy + half}});
    candidates.push_back(
        {{kHalfMark, dy, "right"}, {x + kHalfMark - width, x + kHalfMark, y + dy - half, y + dy + half}});
  }
  return candidates;
}

}  // namespace

std::vector<LabelPlace> PlaceLabels(const PanelMm& panel, const std::vector<Mark>& marks,
                                    const std::vector<double>& widths, double line, bool strict) {
  const auto x_mm = [&](double x) { return (x - panel.x_low) / (panel.x_high - panel.x_low) * panel.width; };
  const auto y_mm = [&](double y) { return (y - panel.y_low) / (panel.y_high - panel.y_low) * panel.height; };
  std::vector<Box> taken;
  for (const Mark& mark : marks) {
    const double x = x_mm(mark.x);
    taken.push_back({x - kHalfMark, x + kHalfMark, y_mm(mark.low) - kHalfMark, y_mm(mark.high) + kHalfMark});
  }
  for (const PanelLine& across : panel.lines) {
    constexpr int kPieces = 100;
    for (int i = 0; i < kPieces; ++i) {
      const auto at = [&](int k, double from, double to) { return from + (to - from) * k / kPieces; };
      const double y1 = y_mm(at(i, across.y1, across.y2)), y2 = y_mm(at(i + 1, across.y1, across.y2));
      taken.push_back({x_mm(at(i, across.x1, across.x2)), x_mm(at(i + 1, across.x1, across.x2)),
                       std::min(y1, y2) - kHalfLine, std::max(y1, y2) + kHalfLine});
    }
  }
  std::vector<LabelPlace> places;
  for (std::size_t i = 0; i < marks.size(); ++i) {
    const auto candidates = Candidates(taken[i], x_mm(marks[i].x), y_mm(marks[i].y), widths[i], line);
    const auto fits = [&](const Candidate& candidate) {
      const Box& box = candidate.box;
      return box.left >= 0 && box.right <= panel.width && box.low >= 0 && box.high <= panel.height &&
             std::none_of(taken.begin(), taken.end(), [&](const Box& other) { return Overlap(box, other); });
    };
    auto chosen = std::find_if(candidates.begin(), candidates.end(), fits);
    if (chosen == candidates.end()) {
      if (strict) return {};
      chosen = candidates.begin();
    }
    places.push_back(chosen->place);
    taken.push_back(chosen->box);
  }
  return places;
}

}  // namespace headspec::report
