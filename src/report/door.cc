#include <string>

#include "headspec/files.h"
#include "report/comparison_json.h"
#include "report/index_json.h"
#include "report/read_results.h"
#include "report/results_json.h"

namespace headspec {

std::string ToJson(const RunResult& run) { return report::ResultsJson(run); }

std::string ToJson(const Comparison& comparison) { return report::ComparisonJson(comparison); }

std::string ToJson(const std::vector<StoredIndex>& indices) { return report::IndexJson(indices); }

RunResult FromJson(std::string_view text, std::string_view file) { return report::ReadResults(text, file); }

}  // namespace headspec
