#include "experiment/interruption.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace headspec::experiment {
namespace {

bool IsKept(const ModelResult& model) {
  const auto says_no = [](const std::string& warning) {
    return warning.find("not kept") != std::string::npos;
  };
  return !model.error && std::none_of(model.warnings.begin(), model.warnings.end(), says_no);
}

}  // namespace

Error Interruption(const std::vector<ModelResult>& done, std::size_t total, bool fresh) {
  const auto kept = std::count_if(done.begin(), done.end(), IsKept);
  if (kept == 0) return Error(ErrorKind::kInterrupted, "interrupted: nothing was written");
  const std::string what =
      total == 1 ? "the model is" : fmt::format("{} of {} models {}", kept, total, kept == 1 ? "is" : "are");
  return Error(ErrorKind::kInterrupted, fmt::format("interrupted: {} kept", what),
               fmt::format("run the same command again{} to go on", fresh ? " without --fresh" : ""));
}

}  // namespace headspec::experiment
