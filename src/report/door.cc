#include <string>
#include <string_view>
#include <vector>

#include "core/progress.h"
#include "headspec/files.h"
#include "report/comparison_json.h"
#include "report/index_json.h"
#include "report/ladder.h"
#include "report/read_results.h"
#include "report/results_json.h"
#include "report/save.h"

namespace headspec {

std::string ToJson(const RunResult& run) { return report::ResultsJson(run); }

std::string ToJson(const Comparison& comparison) { return report::ComparisonJson(comparison); }

std::string ToJson(const std::vector<StoredIndex>& indices) { return report::IndexJson(indices); }

RunResult FromJson(std::string_view text, std::string_view file) { return report::ReadResults(text, file); }

Saved Save(const RunResult& run, const std::filesystem::path& folder) {
  SilentProgress silent;
  return report::IsMeasurement(run.plan) ? report::SaveMeasurement(run, folder, {}, silent)
                                         : report::SaveExperiment(run, folder, {}, silent);
}

Saved Save(const Comparison& comparison, const std::filesystem::path& folder) {
  SilentProgress silent;
  return report::SaveComparison(comparison, folder, {}, silent);
}

}  // namespace headspec
