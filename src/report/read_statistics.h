// The inverse of statistics_json: what ReadResults reads of it.
#pragma once

#include "headspec/result.h"
#include "report/json_reader.h"

namespace headspec::report {

// `json` is the object that AddIndexStatistics added its keys to.
IndexStatistics ReadIndexStatistics(const JsonReader& json);

TrendStatistics ReadTrend(const JsonReader& json);

}  // namespace headspec::report
