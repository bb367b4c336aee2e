// What all figures for papers have in common: their width, their typography, and the shape of their scripts.
// Lengths are millimetres of paper, text and lines are points.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "report/pictures.h"

namespace headspec::report {

struct FigureWidth {
  double mm = 89;
};
inline constexpr FigureWidth kSingleColumn = {89};
inline constexpr FigureWidth kDoubleColumn = {183};

inline constexpr double kTextPoints = 7;
inline constexpr double kLineMm = 3.1;  // from one line of text to the next

// About how wide `text` is in print.
double TextMm(std::string_view text);

// In lines of at most `mm`, broken after a space or one of -_/.: where there is one; what `most_lines` cannot
// hold is cut out of its middle, since names that begin alike end differently.
std::vector<std::string> WrapMm(std::string_view text, double mm, std::size_t most_lines);

// Between the numbers of an axis: 1, 2 or 5 of a power of ten, for about `parts` steps.
double RoundStep(double span, double parts);

struct PaperScript {
  std::string stem;
  std::string title;           // "The ladder": what the script draws
  std::string variables = {};  // what depends on the result
  std::string layout = {};     // sets `height` from `width`
  std::string body = {};
};

Pictures PaperPictures(const PaperScript& script, FigureWidth width, std::string data);

}  // namespace headspec::report
