// results.json: every key of the notebook's JSON in the notebook's order, and behind them what the
// notebook did not keep. docs/results.schema.json describes the same file; the two change together.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "headspec/result.h"

namespace headspec::report {

nlohmann::ordered_json ResultsTree(const RunResult& run);
// The tree as the file's text.
std::string ResultsJson(const RunResult& run);

}  // namespace headspec::report
