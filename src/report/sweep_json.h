// A sweep's points and what they gave together as JSON: point.json of each cell (docs/sweeps.md) and
// sweep.json (docs/sweep.schema.json).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "headspec/sweep.h"

namespace headspec::report {

std::string SweepPointJson(const SweepPoint& point);
// Its inverse: every field must be there, of its type, and consistent. Throws Error(kInput) naming `file`.
SweepPoint ReadSweepPoint(std::string_view text, std::string_view file);

nlohmann::ordered_json SweepTree(const SweepResult& result);
// Its part "curves".
nlohmann::ordered_json SweepCurvesTree(const SweepResult& result);
// The tree as the file's text.
std::string SweepJson(const SweepResult& result);

}  // namespace headspec::report
