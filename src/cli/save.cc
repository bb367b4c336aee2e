#include "cli/save.h"

#include <algorithm>
#include <filesystem>

#include "cli/summary.h"
#include "core/error.h"
#include "experiment/interruption.h"
#include "experiment/progress.h"
#include "report/output_folder.h"

namespace headspec::cli {
namespace {

bool HasFailed(const ModelResult& model) { return model.error.has_value(); }

// Removes the parents that a trial folder needed and that were not there before.
class NewParents {
 public:
  explicit NewParents(const std::filesystem::path& folder) {
    std::error_code code;
    for (auto parent = folder.parent_path();
         !std::filesystem::exists(parent, code) && parent.has_relative_path();
         parent = parent.parent_path()) {
      parents_.push_back(parent);
    }
  }
  ~NewParents() {
    std::error_code code;
    for (const auto& parent : parents_) std::filesystem::remove(parent, code);
  }
  NewParents(const NewParents&) = delete;
  NewParents& operator=(const NewParents&) = delete;

 private:
  std::vector<std::filesystem::path> parents_;  // deepest first
};

}  // namespace

void RequireFreeFolder(const std::string& out) {
  const std::filesystem::path folder = out.empty() ? "results/trial" : out;
  const NewParents new_parents(std::filesystem::absolute(folder).lexically_normal());
  if (!out.empty() || !std::filesystem::exists(folder)) const report::OutputFolder trial(folder);
}

Saved SaveOrContinue(const RunResult& run, bool fresh, Console& console,
                     const std::function<Saved(Progress&)>& save) {
  experiment::ObserverProgress progress(console);
  try {
    return save(progress);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::kInterrupted) throw;
    throw experiment::Interruption(run.models, run.models.size(), fresh);
  }
}

void PrintWritten(const Saved& saved, Console& console) {
  console.Print(WrittenLines({saved.paths.begin(), saved.paths.end()}));
}

std::string OutputFolderName(const std::string& out, const std::string& name, const RunResult& run) {
  if (!out.empty()) return out;
  const std::string folder = "results/" + name + "_" + run.timestamp;
  std::string free = folder;
  std::error_code code;
  for (int i = 2; std::filesystem::exists(free, code); ++i) free = folder + "_" + std::to_string(i);
  return free;
}

int ExitCodeOf(const RunResult& run) {
  if (NothingMeasured(run)) return run.models.front().error_code;
  const auto unsound = [](const ModelResult& m) { return HasFailed(m) || m.numerics.non_finite.count > 0; };
  return std::any_of(run.models.begin(), run.models.end(), unsound) ? 1 : 0;
}

bool NothingMeasured(const RunResult& run) {
  return std::all_of(run.models.begin(), run.models.end(), HasFailed);
}

}  // namespace headspec::cli
