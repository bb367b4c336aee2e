#include "cli/save.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <iterator>
#include <optional>
#include <variant>

#include "cli/summary.h"
#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "experiment/interruption.h"
#include "experiment/progress.h"
#include "report/attention_arrays.h"
#include "report/bundle.h"
#include "report/comparison_figure.h"
#include "report/comparison_json.h"
#include "report/figure.h"
#include "report/files.h"
#include "report/head_arrays.h"
#include "report/ladder.h"
#include "report/output_folder.h"
#include "report/page.h"
#include "report/provenance_json.h"
#include "report/replaced_files.h"
#include "report/results_json.h"
#include "report/sensitivity_report.h"

namespace headspec::cli {
namespace {

constexpr const char* kPage = "report.html";
constexpr const char* kProvenance = "provenance.json";

std::vector<std::string> In(const std::filesystem::path& folder, const std::vector<std::string>& names) {
  std::vector<std::string> paths;
  for (const std::string& name : names) paths.push_back((folder / name).string());
  return paths;
}

std::vector<FileRecord> RecordsOf(const std::vector<std::string>& names,
                                  const std::filesystem::path& folder) {
  std::vector<FileRecord> records;
  for (const std::string& name : names) {
    Hasher hasher(HashKind::kSha256);
    AddFile(folder / name, hasher);
    records.push_back(
        {name, std::filesystem::file_size(folder / name), std::string(kSha256Prefix) + hasher.Hex()});
  }
  return records;
}

// provenance.json goes last: it holds the hashes of the files that are there, `names`.
void WriteProvenance(const RunResult& run, std::vector<std::string>& names, report::OutputFolder& out) {
  out.Write(kProvenance, report::ProvenanceJson(run, RecordsOf(names, out.WorkPath())));
  names.emplace_back(kProvenance);
}

// Where it was kept.
void WriteKeptAttention(const RunResult& run, std::vector<std::string>& names, report::OutputFolder& out) {
  if (!report::HasAttention(run)) return;
  report::WriteAttention(run, out.WorkPath() / "attention.npz");
  names.emplace_back("attention.npz");
}

void WriteArrays(const RunResult& run, std::vector<std::string>& names, report::OutputFolder& out) {
  report::WriteHeadArrays(run, out.WorkPath() / "heads.npz");
  out.Write("heads.csv", report::HeadsCsv(run));
  names.insert(names.end(), {"heads.npz", "heads.csv"});
  WriteKeptAttention(run, names, out);
}

// Pictures that cannot be drawn must not cost the measurement: `render` returns the names of its files, and
// this why there are none, or "".
std::string Draw(const std::string& what, std::vector<std::string>& names, Progress& progress,
                 const std::function<std::vector<std::string>()>& render) {
  try {
    Steps steps(&progress, "drawing " + what, 1);
    const std::vector<std::string> files = render();
    steps.Next();
    names.insert(names.end(), files.begin(), files.end());
    return "";
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::kInterrupted) throw;
    return e.what();
  }
}

std::string DrawFigure(const report::Figure& figure, std::vector<std::string>& names,
                       const std::filesystem::path& folder, Progress& progress) {
  return Draw("figure", names, progress, [&] {
    report::RenderFigure(figure, folder, &progress);
    return std::vector<std::string>(std::begin(report::kFigureFiles), std::end(report::kFigureFiles));
  });
}

// Leaves an error of the figures before it as it is.
template <class Result>
void DrawForPapers(const Result& result, const Figures& figures, std::vector<std::string>& names,
                   const std::filesystem::path& folder, Progress& progress, std::string& figure_error) {
  if (!figures) return;
  const std::string error = Draw("figures for papers", names, progress, [&] {
    return report::WritePaperFigures(report::PaperFigures(result, *figures), figures->width, folder,
                                     &progress);
  });
  if (figure_error.empty()) figure_error = error;
}

// Figures and page of a result: what `names` gets added is in `folder` then. Returns as Draw.
std::string Show(const RunResult& run, const Figures& figures, const std::filesystem::path& folder,
                 Progress& progress, std::vector<std::string>& names, std::vector<std::string>& notes) {
  std::string figure_error;
  if (!report::IsMeasurement(run.plan)) {
    const report::Figure figure = report::DescribeFigure(run);
    figure_error = DrawFigure(figure, names, folder, progress);
    notes = figure.notes;
  } else if (report::HasSensitivity(run)) {
    const report::Pictures pictures = report::SensitivityPictures(run);
    figure_error = Draw(pictures.stem, names, progress, [&] {
      report::RenderPictures({pictures}, folder, &progress);
      return report::PictureFiles(pictures.stem);
    });
  }
  DrawForPapers(run, figures, names, folder, progress, figure_error);
  report::WriteFile(folder / kPage, report::RunPage(run));
  names.emplace_back(kPage);
  return figure_error;
}

std::string Show(const Comparison& comparison, const Figures& figures, const std::filesystem::path& folder,
                 Progress& progress, std::vector<std::string>& names) {
  std::string figure_error =
      DrawFigure(report::DescribeComparisonFigure(comparison), names, folder, progress);
  DrawForPapers(comparison, figures, names, folder, progress, figure_error);
  report::WriteFile(folder / kPage, report::ComparisonPage(comparison));
  names.emplace_back(kPage);
  return figure_error;
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

Saved SaveMeasurement(const RunResult& run, const std::string& folder, const Figures& figures,
                      Progress& progress) {
  report::OutputFolder out(folder);
  Saved saved;
  std::vector<std::string> names = {"results.json"};
  out.Write("results.json", report::ResultsJson(run));
  WriteArrays(run, names, out);
  saved.figure_error = Show(run, figures, out.WorkPath(), progress, names, saved.notes);
  WriteProvenance(run, names, out);
  RequireGoingOn(progress);
  out.Commit();
  saved.paths = In(out.Target(), names);
  return saved;
}

Saved SaveExperiment(const RunResult& run, const std::string& folder, const Figures& figures,
                     Progress& progress) {
  report::OutputFolder out(folder);
  Saved saved;
  std::vector<std::string> names = {"results.json"};
  out.Write("results.json", report::ResultsJson(run));
  WriteArrays(run, names, out);
  saved.figure_error = Show(run, figures, out.WorkPath(), progress, names, saved.notes);
  out.Write("manifest.toml", run.plan.manifest_text);
  names.emplace_back("manifest.toml");
  WriteProvenance(run, names, out);
  std::vector<report::BundleEntry> entries;
  for (const std::string& name : names) entries.push_back({name, out.WorkPath() / name});
  names.push_back(run.plan.slug + "_" + run.timestamp + ".zip");
  report::WriteBundle(out.WorkPath() / names.back(), entries);
  RequireGoingOn(progress);
  out.Commit();
  saved.paths = In(out.Target(), names);
  return saved;
}

Saved SaveComparison(const Comparison& comparison, const std::string& folder, const Figures& figures,
                     Progress& progress) {
  const RunResult& run = comparison.run;
  report::OutputFolder out(folder);
  Saved saved;
  std::vector<std::string> names = {"results.json"};
  out.Write("results.json", report::ComparisonJson(comparison));
  if (!run.models.empty()) {
    out.Write("measured.json", report::ResultsJson(run));
    names.emplace_back("measured.json");
    WriteKeptAttention(run, names, out);
  }
  saved.figure_error = Show(comparison, figures, out.WorkPath(), progress, names);
  WriteProvenance(run, names, out);
  RequireGoingOn(progress);
  out.Commit();
  saved.paths = In(out.Target(), names);
  return saved;
}

namespace {

std::string Show(const report::Stored& stored, const Figures& figures, const std::filesystem::path& folder,
                 Progress& progress, std::vector<std::string>& names, std::vector<std::string>& notes) {
  const auto* run = std::get_if<RunResult>(&stored);
  return run != nullptr ? Show(*run, figures, folder, progress, names, notes)
                        : Show(std::get<Comparison>(stored), figures, folder, progress, names);
}

}  // namespace

Saved SaveReport(const report::Stored& stored, const std::string& folder, const Figures& figures,
                 Progress& progress) {
  report::OutputFolder out(folder);
  Saved saved;
  std::vector<std::string> names;
  saved.figure_error = Show(stored, figures, out.WorkPath(), progress, names, saved.notes);
  out.Commit();
  saved.paths = In(out.Target(), names);
  return saved;
}

Saved ReplaceReport(const report::Stored& stored, const std::filesystem::path& folder, const Figures& figures,
                    Progress& progress) {
  const std::filesystem::path record = folder / kProvenance;
  const std::optional<std::string> provenance = ReadFile(record);
  if (provenance) report::ReadProvenance(*provenance, record.string());
  const report::ReplacedFiles out(folder);
  Saved saved;
  std::vector<std::string> names;
  saved.figure_error = Show(stored, figures, out.WorkPath(), progress, names, saved.notes);
  if (provenance) {
    const std::vector<FileRecord> records = RecordsOf(names, out.WorkPath());
    report::WriteFile(out.WorkPath() / kProvenance,
                      report::WithOutputs(*provenance, record.string(), records));
    names.emplace_back(kProvenance);
  }
  out.Commit(names);
  saved.paths = In(std::filesystem::canonical(folder), names);
  return saved;
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
