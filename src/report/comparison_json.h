// results.json of `compare`: the keys of the published E11 files, same names and meaning, and behind them
// what those files did not have. `headspec compare` reads it again.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "headspec/comparison.h"

namespace headspec::report {

nlohmann::ordered_json ComparisonTree(const Comparison& comparison);
// The tree as the file's text.
std::string ComparisonJson(const Comparison& comparison);

}  // namespace headspec::report
