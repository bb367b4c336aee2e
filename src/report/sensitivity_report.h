// What an index depends on, as one table for the console and one plot: a line for each thing that was
// changed.
#pragma once

#include <string>

#include "headspec/result.h"
#include "report/pictures.h"

namespace headspec::report {

inline constexpr const char* kSensitivityStem = "sensitivity";

bool HasSensitivity(const RunResult& run);

// Of every model that has one. Layers and prompts left out take two lines each: the lowest and the highest.
std::string SensitivityTable(const RunResult& run);

// One row for each kind of change, one colour for each model.
Pictures SensitivityPictures(const RunResult& run);

}  // namespace headspec::report
