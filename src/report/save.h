// Writing what was measured: all files of a run in one folder, or, when it fails or is interrupted, none.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/progress.h"
#include "headspec/comparison.h"
#include "headspec/files.h"
#include "headspec/result.h"
#include "report/paper_figures.h"
#include "report/stored.h"

namespace headspec::report {

// Each also draws the figures for papers that are asked for.
using Figures = std::optional<PaperRequest>;

// results.json, heads.npz, heads.csv, report.html and provenance.json, as `measure` writes them, what the
// index depends on as a figure, where that was measured, and attention.npz, where attention was kept.
Saved SaveMeasurement(const RunResult& run, const std::filesystem::path& folder, const Figures& figures,
                      Progress& progress);
// A file of the caller's in the folder of a result.
struct ExtraFile {
  std::string name;
  std::string bytes;
};
// Of one measurement among thousands the numbers alone: SaveMeasurement without figures and page, and with
// `extra`.
Saved SaveNumbers(const RunResult& run, const std::filesystem::path& folder,
                  const std::vector<ExtraFile>& extra, Progress& progress);
// Everything of the experiment: results.json, heads.npz, heads.csv, attention.npz where attention was kept,
// the figure in three formats with its script and data, report.html, the manifest, provenance.json, and the
// bundle with all of it.
Saved SaveExperiment(const RunResult& run, const std::filesystem::path& folder, const Figures& figures,
                     Progress& progress);

// results.json and provenance.json of a pair, the figure, report.html, and what was measured for it
// (measured.json, as `measure` writes its results.json, and attention.npz where attention was kept).
Saved SaveComparison(const Comparison& comparison, const std::filesystem::path& folder,
                     const Figures& figures, Progress& progress);

// Figure and report.html of results that were read, into a folder of their own.
Saved SaveReport(const Stored& stored, const std::filesystem::path& folder, const Figures& figures,
                 Progress& progress);
// The same beside the results, over those that are there. provenance.json, where there is one, then has their
// hashes; the bundle stays as the run left it.
Saved ReplaceReport(const Stored& stored, const std::filesystem::path& folder, const Figures& figures,
                    Progress& progress);

}  // namespace headspec::report
