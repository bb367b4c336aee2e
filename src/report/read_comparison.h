// results.json of `compare` back into the comparison that it was written from: the inverse of ComparisonJson.
// What the file does not hold (the protocol, the measured models of measured.json) keeps its default.
#pragma once

#include <string_view>

#include "headspec/comparison.h"
#include "report/json_reader.h"

namespace headspec::report {

// `file` names it in errors. Throws Error(kInput) on anything that ComparisonJson does not write.
Comparison ReadComparison(std::string_view text, std::string_view file);
Comparison ReadComparison(const JsonReader& json);

}  // namespace headspec::report
