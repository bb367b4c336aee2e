// Head maps for papers, a panel for each model, and a pair: both maps, their difference and what changed.
#pragma once

#include <string>
#include <string_view>

#include "headspec/comparison.h"
#include "headspec/result.h"
#include "report/paper_style.h"

namespace headspec::report {

inline constexpr const char* kReceivedEntropy = "received_entropy";

// Models that have it are in its maps; `metric` is kReceivedEntropy or a name of HeadMetric.
bool HasPaperMaps(const RunResult& run, std::string_view metric);
Pictures PaperHeadMaps(const RunResult& run, std::string_view metric, FigureWidth width);
std::string PaperHeadMapsCaption(const RunResult& run, std::string_view metric);

Pictures PaperComparison(const Comparison& comparison, FigureWidth width);
std::string PaperComparisonCaption(const Comparison& comparison);

}  // namespace headspec::report
