#include "experiment/start_result.h"

#include <fmt/chrono.h>

#include <ctime>

#include "experiment/environment.h"

namespace headspec::experiment {

RunResult StartResult(const Plan& plan, const RunOptions& options) {
  RunResult result;
  result.plan = plan;
  result.timestamp = fmt::format("{:%Y%m%d_%H%M%S}", fmt::localtime(std::time(nullptr)));
  result.headspec_version = HEADSPEC_VERSION;
  result.environment = DescribeEnvironment(options);
  return result;
}

}  // namespace headspec::experiment
