// The cells' points together.
#pragma once

#include <filesystem>
#include <vector>

#include "core/progress.h"
#include "headspec/files.h"
#include "headspec/sweep.h"

namespace headspec::sweep {

// Reads point.json of every cell that has one in any of `folders`, and the failures of the others. Two
// folders with results of one cell must agree: Error(kInput).
SweepResult Gather(const SweepPlan& plan, const std::vector<std::filesystem::path>& folders,
                   Progress& progress);

// True if the cell's folder in `sweep` has its point.json, and that can be read.
bool HasPoint(const std::filesystem::path& sweep, const SweepCell& cell);

// point.json to and from text.
std::string PointJson(const SweepPoint& point);
SweepPoint ReadPoint(const std::string& text, const std::string& file);

// sweep.json, table.csv, the curves and report.html into `folder`, over earlier ones, each replaced at once.
Saved SaveSweep(const SweepResult& result, const std::filesystem::path& folder, Progress& progress);

}  // namespace headspec::sweep
