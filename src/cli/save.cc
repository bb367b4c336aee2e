#include "cli/save.h"

#include <algorithm>
#include <filesystem>
#include <functional>

#include "cli/summary.h"
#include "core/error.h"
#include "core/hash.h"
#include "experiment/interruption.h"
#include "experiment/progress.h"
#include "report/bundle.h"
#include "report/comparison_figure.h"
#include "report/comparison_json.h"
#include "report/figure.h"
#include "report/head_arrays.h"
#include "report/output_folder.h"
#include "report/provenance_json.h"
#include "report/results_json.h"
#include "report/sensitivity_report.h"

namespace headspec::cli {
namespace {

std::vector<std::string> In(const std::filesystem::path& folder, const std::vector<std::string>& names) {
  std::vector<std::string> paths;
  for (const std::string& name : names) paths.push_back((folder / name).string());
  return paths;
}

// provenance.json goes last: it holds the hashes of the files that are there, `names`.
void WriteProvenance(const RunResult& run, std::vector<std::string>& names, report::OutputFolder& out) {
  std::vector<FileRecord> outputs;
  for (const std::string& name : names) {
    const std::filesystem::path file = out.WorkPath() / name;
    Hasher hasher(HashKind::kSha256);
    AddFile(file, hasher);
    outputs.push_back({name, std::filesystem::file_size(file), std::string(kSha256Prefix) + hasher.Hex()});
  }
  out.Write("provenance.json", report::ProvenanceJson(run, outputs));
  names.emplace_back("provenance.json");
}

void WriteArrays(const RunResult& run, std::vector<std::string>& names, report::OutputFolder& out) {
  report::WriteHeadArrays(run, out.WorkPath() / "heads.npz");
  out.Write("heads.csv", report::HeadsCsv(run));
  names.insert(names.end(), {"heads.npz", "heads.csv"});
}

// A picture that cannot be drawn must not cost the measurement: returns why, or "".
std::string Draw(const std::string& stem, std::vector<std::string>& names, Progress& progress,
                 const std::function<void()>& render) {
  try {
    Steps steps(&progress, "drawing " + stem, 1);
    render();
    steps.Next();
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::kInterrupted) throw;
    return e.what();
  }
  const std::vector<std::string> files = report::PictureFiles(stem);
  names.insert(names.end(), files.begin(), files.end());
  return "";
}

void RequireGoingOn(const Progress& progress) {
  if (progress.Cancelled()) throw Error(ErrorKind::kInterrupted, "interrupted: nothing was written");
}

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

Saved SaveMeasurement(const RunResult& run, const std::string& folder, Progress& progress) {
  report::OutputFolder out(folder);
  std::vector<std::string> names = {"results.json"};
  out.Write("results.json", report::ResultsJson(run));
  WriteArrays(run, names, out);
  std::string figure_error;
  if (report::HasSensitivity(run)) {
    const report::Pictures pictures = report::SensitivityPictures(run);
    figure_error = Draw(pictures.stem, names, progress,
                        [&] { report::RenderPictures(pictures, out.WorkPath(), &progress); });
  }
  WriteProvenance(run, names, out);
  RequireGoingOn(progress);
  out.Commit();
  return {In(out.Target(), names), {}, figure_error};
}

Saved SaveExperiment(const RunResult& run, const std::string& folder, Progress& progress) {
  report::OutputFolder out(folder);
  std::vector<std::string> names = {"results.json"};
  out.Write("results.json", report::ResultsJson(run));
  WriteArrays(run, names, out);
  const report::Figure figure = report::DescribeFigure(run);
  const std::string figure_error =
      Draw("figure", names, progress, [&] { report::RenderFigure(figure, out.WorkPath(), &progress); });
  out.Write("manifest.toml", run.plan.manifest_text);
  names.emplace_back("manifest.toml");
  WriteProvenance(run, names, out);
  std::vector<report::BundleEntry> entries;
  for (const std::string& name : names) entries.push_back({name, out.WorkPath() / name});
  names.push_back(run.plan.slug + "_" + run.timestamp + ".zip");
  report::WriteBundle(out.WorkPath() / names.back(), entries);
  RequireGoingOn(progress);
  out.Commit();
  return {In(out.Target(), names), figure.notes, figure_error};
}

Saved SaveComparison(const Comparison& comparison, const std::string& folder, Progress& progress) {
  const RunResult& run = comparison.run;
  report::OutputFolder out(folder);
  std::vector<std::string> names = {"results.json"};
  out.Write("results.json", report::ComparisonJson(comparison));
  if (!run.models.empty()) {
    out.Write("measured.json", report::ResultsJson(run));
    names.emplace_back("measured.json");
  }
  const report::Figure figure = report::DescribeComparisonFigure(comparison);
  const std::string figure_error =
      Draw("figure", names, progress, [&] { report::RenderFigure(figure, out.WorkPath(), &progress); });
  WriteProvenance(run, names, out);
  RequireGoingOn(progress);
  out.Commit();
  return {In(out.Target(), names), {}, figure_error};
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

void PrintWritten(const Saved& saved, Console& console) { console.Print(WrittenLines(saved.paths)); }

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
