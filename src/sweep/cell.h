// One cell of a sweep measured into its folder, with everything around it that many processes on shared
// storage need.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "experiment/prompt_range.h"
#include "headspec/run.h"
#include "headspec/sweep.h"

namespace headspec::sweep {

class ModelDiscard;

struct CellOptions {
  RunOptions run = {};
  // A folder on this machine: each model is read from a copy in it, which is removed afterwards. One that is
  // on the hub only is downloaded there, unless its prompts are split. Empty: models are read where they are.
  std::string local_copies = {};
  // Models that this process downloads are removed from the cache when no cell waits for them. One for all
  // cells of a process; null: they stay.
  std::shared_ptr<ModelDiscard> discard = {};
};

using experiment::PromptRange;

// Why a cell was not measured.
struct CellFailure {
  std::string error;  // one line
  int code = 0;       // exit code that it alone would have
};

// Throws Error(kInput) where the cell's prompts would be split and it has several variants to try.
void RequireSplittable(const SweepPlan& plan, const SweepCell& cell);

// Measures the cell and puts its folder in place in one step: results.json, heads.npz, heads.csv,
// provenance.json, point.json. If the folder is there already nothing is done. A failure of the model is
// returned and noted in failed/. Throws Error: kInterrupted, kSystem if the result cannot be written, kInput
// as RequireSplittable.
std::optional<CellFailure> MeasureCell(const SweepPlan& plan, const SweepCell& cell,
                                       const std::filesystem::path& sweep, const CellOptions& options,
                                       Observer& observer);

// True when the cell's folder is there with a point.json that can be read. Folders appear whole.
bool IsMeasured(const std::filesystem::path& sweep, const SweepCell& cell);

// A folder of the cell without such a point.json, after a loss of power or by another's hand, is kept beside
// under "<folder>.damaged".
void MakeRoom(const std::filesystem::path& sweep, const SweepCell& cell);

// The pass over some of a cell's prompts alone, kept in headspec's own cache, where the measurement of the
// whole cell finds it. Returns the file it is kept in; empty where the model is measured in one piece (a note
// says why): the measurement of the whole cell does that. Throws Error.
std::filesystem::path MeasurePart(const SweepPlan& plan, const SweepCell& cell, const PromptRange& range,
                                  const CellOptions& options, Observer& observer);

}  // namespace headspec::sweep
