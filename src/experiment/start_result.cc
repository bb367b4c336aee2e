#include "experiment/start_result.h"

#include <fmt/chrono.h>

#include <ctime>

namespace headspec::experiment {

RunResult StartResult(const Plan& plan) {
  RunResult result;
  result.plan = plan;
  result.timestamp = fmt::format("{:%Y%m%d_%H%M%S}", fmt::localtime(std::time(nullptr)));
  result.headspec_version = HEADSPEC_VERSION;
  return result;
}

}  // namespace headspec::experiment
