// One cell of a sweep measured into its folder, with everything around it that many processes on shared
// storage need.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "headspec/run.h"
#include "headspec/sweep.h"

namespace headspec::sweep {

struct CellOptions {
  RunOptions run = {};
  // A folder on this machine: each model is read from a copy in it, which is removed afterwards. Empty:
  // models are read where they are.
  std::string local_copies = {};
};

// A range of prompts of a cell, [first, last).
struct PromptRange {
  int first = 0;
  int last = 0;
};

// Why a cell was not measured.
struct CellFailure {
  std::string error;  // one line
  int code = 0;       // exit code that it alone would have
};

// Measures the cell and puts its folder in place in one step: results.json, heads.npz, heads.csv,
// provenance.json, point.json. If the folder is there already nothing is done. A failure of the model is
// returned and noted in failed/; Error(kInterrupted) is thrown.
std::optional<CellFailure> MeasureCell(const SweepPlan& plan, const SweepCell& cell,
                                       const std::filesystem::path& sweep, const CellOptions& options,
                                       Observer& observer);

// True when the cell's folder is there. Folders appear whole.
bool IsMeasured(const std::filesystem::path& sweep, const SweepCell& cell);

// The pass over some of a cell's prompts alone, kept in headspec's own cache, where the measurement of the
// whole cell finds it. Returns the file it is kept in. Throws Error.
std::filesystem::path MeasurePart(const SweepPlan& plan, const SweepCell& cell, PromptRange range,
                                  const CellOptions& options, Observer& observer);

}  // namespace headspec::sweep
