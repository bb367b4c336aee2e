#include "report/sweep_save.h"

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "core/error.h"
#include "report/draw.h"
#include "report/files.h"
#include "report/pictures.h"
#include "report/replaced_files.h"
#include "report/sweep_curves.h"
#include "report/sweep_json.h"
#include "report/sweep_page.h"
#include "report/sweep_table.h"

namespace headspec::report {
namespace fs = std::filesystem;
namespace {

// Returns as Draw.
std::string DrawCurves(const SweepFigures& figures, const fs::path& folder, std::vector<std::string>& names,
                       Progress& progress) {
  if (figures.pictures.empty()) return "";
  return Draw("curves", names, progress, [&] {
    RenderPictures(figures.pictures, folder, &progress);
    std::vector<std::string> drawn;
    for (const Pictures& pictures : figures.pictures) {
      for (std::string& name : PictureFiles(pictures.stem)) drawn.push_back(std::move(name));
    }
    return drawn;
  });
}

// A figure of an earlier state that this one does not have.
void RemoveOldPictures(const fs::path& folder, const std::vector<std::string>& names) {
  for (const char* stem : {kCurvesStem, kCurvesMetricsStem}) {
    for (const std::string& name : PictureFiles(stem)) {
      std::error_code ignored;
      if (std::find(names.begin(), names.end(), name) == names.end()) fs::remove(folder / name, ignored);
    }
  }
}

// What was gathered from other folders is named from this one.
SweepResult SeenFrom(const fs::path& folder, SweepResult result) {
  const fs::path here = fs::weakly_canonical(folder);
  for (SweepRow& row : result.rows) {
    if (fs::path(row.folder).is_absolute())
      row.folder = fs::path(row.folder).lexically_proximate(here).generic_string();
  }
  return result;
}

}  // namespace

Saved SaveSweepReport(const SweepResult& gathered, const fs::path& folder, Progress& progress) {
  const SweepResult result = SeenFrom(folder, gathered);
  const ReplacedFiles out(folder);
  std::vector<std::string> names = {"sweep.json", "table.csv"};
  WriteFile(out.WorkPath() / "sweep.json", SweepJson(result));
  WriteFile(out.WorkPath() / "table.csv", SweepTable(result));
  const SweepFigures figures = DescribeCurves(result);
  Saved saved;
  saved.notes = figures.notes;
  saved.figure_error = DrawCurves(figures, out.WorkPath(), names, progress);
  WriteFile(out.WorkPath() / "report.html", SweepPage(result));
  names.emplace_back("report.html");
  RequireGoingOn(progress);
  out.Commit(names);
  RemoveOldPictures(folder, names);
  for (const std::string& name : names) saved.paths.push_back(fs::canonical(folder) / name);
  return saved;
}

}  // namespace headspec::report
