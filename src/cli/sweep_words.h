// What people read of a sweep, and its gathering, which ends `run` and is all of `merge`.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/options.h"
#include "headspec/sweep.h"

namespace headspec::cli {

// "EleutherAI/pythia-70m@step1000 float32 chat".
std::string NameOf(const SweepCell& cell);
// That, its index and the seconds it took.
std::string MeasuredLine(const SweepCell& cell, const std::filesystem::path& sweep, double seconds);

// Gathers `folders` into `out` and says what there is. Returns the exit code: 1 if a cell is missing.
int GatherInto(const SweepPlan& plan, const std::vector<std::filesystem::path>& folders,
               const std::filesystem::path& out, const CommonOptions& common, Console& console);

}  // namespace headspec::cli
