// Why a cell was not measured, in failed/ of the sweep's folder.
#pragma once

#include <exception>
#include <filesystem>

#include "headspec/sweep.h"
#include "sweep/cell.h"

namespace headspec::sweep {

// What ended a measurement, in one line, and the exit code that it alone would have.
CellFailure FailureFrom(const std::exception& e);

// Over an earlier one, at once. A folder that cannot be written is no further error.
void NoteFailure(const std::filesystem::path& sweep, const SweepCell& cell, const CellFailure& failure);

// After a later try that succeeded.
void ForgetFailure(const std::filesystem::path& sweep, const SweepCell& cell);

}  // namespace headspec::sweep
