// What a sweep gave, as files in its folder.
#pragma once

#include <filesystem>

#include "core/progress.h"
#include "headspec/files.h"
#include "headspec/sweep.h"

namespace headspec::report {

// sweep.json, table.csv, the curves and report.html over earlier ones, each replaced at once. Other files of
// the folder are not touched. Throws Error(kSystem).
Saved SaveSweepReport(const SweepResult& result, const std::filesystem::path& folder, Progress& progress);

}  // namespace headspec::report
