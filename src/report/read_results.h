// A results.json back into the result that it was written from: the inverse of ResultsJson. What the file
// does not hold (paths of a manifest, its text, thresholds) keeps its default.
#pragma once

#include <string_view>

#include "headspec/result.h"
#include "report/json_reader.h"

namespace headspec::report {

// `file` names it in errors. Throws Error(kInput) on anything that ResultsJson does not write.
RunResult ReadResults(std::string_view text, std::string_view file);
RunResult ReadResults(const JsonReader& json);

Environment ReadEnvironment(const JsonReader& json);

}  // namespace headspec::report
