// Statistics as results.json and `headspec si --json` write them. One that does not exist is an object with
// the reason alone.
#pragma once

#include <nlohmann/json.hpp>

#include "headspec/result.h"

namespace headspec::report {

// Adds the keys of `statistics` to an object.
void AddIndexStatistics(const IndexStatistics& statistics, nlohmann::ordered_json& json);

nlohmann::ordered_json TrendJson(const TrendStatistics& trend);

}  // namespace headspec::report
