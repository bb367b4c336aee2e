#include "report/sweep_save.h"
#include "sweep/gather.h"

namespace headspec::sweep {

Saved SaveSweep(const SweepResult& result, const std::filesystem::path& folder, Progress& progress) {
  return report::SaveSweepReport(result, folder, progress);
}

}  // namespace headspec::sweep
