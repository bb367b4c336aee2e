#include "cli/sweep_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "cli/save.h"
#include "core/error.h"
#include "experiment/files.h"
#include "experiment/progress.h"
#include "sweep/gather.h"
#include "sweep/layout.h"

namespace headspec::cli {
namespace fs = std::filesystem;

std::string NameOf(const SweepCell& cell) {
  std::string name = cell.entry.name;
  if (!cell.revision.empty() && cell.revision != "main") name += "@" + cell.revision;
  name += " " + cell.dtype;
  return cell.variant.empty() ? name : name + " " + cell.variant;
}

std::string MeasuredLine(const SweepCell& cell, const fs::path& sweep, double seconds) {
  std::string si;
  try {
    const fs::path file = sweep::FolderOf(sweep, cell) / sweep::kPointFile;
    si = fmt::format("SI {:.4f}  ",
                     sweep::ReadPoint(experiment::ReadWholeFile(file, "point"), file.string()).si.value);
  } catch (const Error&) {
    // Written by another host, and not seen here yet.
  }
  return fmt::format("{}  {}{:.1f} s", NameOf(cell), si, seconds);
}

int GatherInto(const SweepPlan& plan, const std::vector<fs::path>& folders, const fs::path& out,
               const CommonOptions& common, Console& console) {
  experiment::ObserverProgress progress(console);
  SweepResult result;
  Saved saved;
  try {
    result = sweep::Gather(plan, folders, progress);
    saved = sweep::SaveSweep(result, out, progress);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::kInterrupted) throw;
    throw Error(ErrorKind::kInterrupted, "interrupted: what was measured is kept",
                "run the same command again to go on");
  }
  std::size_t measured = 0, failed = 0;
  for (const SweepRow& row : result.rows) {
    if (row.point) ++measured;
    if (!row.point && !row.error.empty()) ++failed;
  }
  const std::size_t missing = result.rows.size() - measured - failed;
  if (common.json) console.PrintRaw(experiment::ReadWholeFile(out / "sweep.json", "sweep"));
  const std::string counts = fmt::format("{} of {} cells measured, {} failed, {} not tried yet", measured,
                                         result.rows.size(), failed, missing);
  if (common.json)
    console.Note(counts);
  else
    console.PrintResult(counts + "\n");
  for (const std::string& note : result.notes) {
    const bool is_planned = std::find(plan.notes.begin(), plan.notes.end(), note) != plan.notes.end();
    if (!is_planned) console.Note("note: " + note);
  }
  for (const std::string& reading : result.readings) console.Print("  " + reading + "\n");
  for (const std::string& note : saved.notes) console.Note("note: " + note);
  if (!saved.figure_error.empty()) console.Error(saved.figure_error);
  PrintWritten(saved, console);
  if (measured < result.rows.size()) return 1;
  return saved.figure_error.empty() ? 0 : 3;
}

}  // namespace headspec::cli
