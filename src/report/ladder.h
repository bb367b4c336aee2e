// What the words and the figure say about a ladder: labels of model sizes, and the titles that the
// notebook hard-codes for its own experiment and that others derive from their plan.
#pragma once

#include <string>
#include <string_view>

#include "headspec/plan.h"

namespace headspec::report {

// "1.3B", "14B", "350M", "0.5M", "50K": the shortest wording of a size in billions.
std::string ModelSizeLabel(double billions);

struct LadderTitles {
  std::string table;   // above the console's table
  std::string bars;    // left panel
  std::string points;  // right panel
  std::string series;  // legend of the right panel
  std::string models;  // "Phi models", in the verdict's sentence
  std::string family;  // "Microsoft heritage", in the verdict's sentence
};

LadderTitles TitlesOf(const Plan& plan);

// The experiment's name in results of `headspec measure`: models measured, and no ladder to decide about.
inline constexpr std::string_view kMeasurement = "measure";
inline bool IsMeasurement(const Plan& plan) { return plan.experiment == kMeasurement; }

}  // namespace headspec::report
