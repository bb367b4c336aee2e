// Writing what was measured: all files of a run in one folder, or, when it fails or is interrupted, none.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/console.h"
#include "core/progress.h"
#include "headspec/comparison.h"
#include "headspec/result.h"
#include "report/paper_figures.h"
#include "report/stored.h"

namespace headspec::cli {

struct Saved {
  std::vector<std::string> paths;  // of the files, results.json first
  std::vector<std::string> notes;  // what the figure leaves out, and why
  std::string figure_error;        // not empty: it could not be drawn, and the rest was written without it
};

// Each also draws the figures for papers that are asked for.
using Figures = std::optional<report::PaperRequest>;

// results.json, heads.npz, heads.csv, report.html and provenance.json, as `measure` writes them, what the
// index depends on as a figure, where that was measured, and attention.npz, where attention was kept.
Saved SaveMeasurement(const RunResult& run, const std::string& folder, const Figures& figures,
                      Progress& progress);
// Everything of the experiment: results.json, heads.npz, heads.csv, attention.npz where attention was kept,
// the figure in three formats with its script and data, report.html, the manifest, provenance.json, and the
// bundle with all of it.
Saved SaveExperiment(const RunResult& run, const std::string& folder, const Figures& figures,
                     Progress& progress);

// results.json and provenance.json of a pair, the figure, report.html, and what was measured for it
// (measured.json, as `measure` writes its results.json, and attention.npz where attention was kept).
Saved SaveComparison(const Comparison& comparison, const std::string& folder, const Figures& figures,
                     Progress& progress);

// Figure and report.html of results that were read, into a folder of their own.
Saved SaveReport(const report::Stored& stored, const std::string& folder, const Figures& figures,
                 Progress& progress);
// The same beside the results, over those that are there. provenance.json, where there is one, then has their
// hashes; the bundle stays as the run left it.
Saved ReplaceReport(const report::Stored& stored, const std::filesystem::path& folder, const Figures& figures,
                    Progress& progress);

// `save`, and what is kept where it was interrupted.
Saved SaveOrContinue(const RunResult& run, bool fresh, Console& console,
                     const std::function<Saved(Progress&)>& save);

// The list of the files for people.
void PrintWritten(const Saved& saved, Console& console);

// Before hours of work: throws Error(kSystem) if the folder could not be written. Leaves nothing behind.
void RequireFreeFolder(const std::string& out);

// `--out`, or results/<name>_<timestamp>, with _2, _3 ... when that second has a folder already.
std::string OutputFolderName(const std::string& out, const std::string& name, const RunResult& run);

// 0 when every model was measured, 1 when some failed or met NaN or infinity; all failed: the first one's
// code.
int ExitCodeOf(const RunResult& run);
bool NothingMeasured(const RunResult& run);

}  // namespace headspec::cli
