#include "experiment/start_result.h"

#include <fmt/chrono.h>

#include <ctime>

#include "experiment/environment.h"
#include "experiment/own_metrics.h"
#include "headspec/version.h"

namespace headspec::experiment {

RunResult StartResult(const Plan& plan, const RunOptions& options) {
  CheckOwnMetrics(options.metrics);
  RunResult result;
  result.plan = plan;
  result.timestamp = fmt::format("{:%Y%m%d_%H%M%S}", fmt::localtime(std::time(nullptr)));
  result.headspec_version = Version();
  result.environment = DescribeEnvironment(options);
  return result;
}

}  // namespace headspec::experiment
