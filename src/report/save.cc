#include "report/save.h"

#include <iterator>
#include <variant>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "report/attention_arrays.h"
#include "report/bundle.h"
#include "report/comparison_figure.h"
#include "report/comparison_json.h"
#include "report/draw.h"
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

namespace headspec::report {
namespace {

constexpr const char* kPage = "report.html";
constexpr const char* kProvenance = "provenance.json";

std::vector<std::filesystem::path> In(const std::filesystem::path& folder,
                                      const std::vector<std::string>& names) {
  std::vector<std::filesystem::path> paths;
  for (const std::string& name : names) paths.push_back(folder / name);
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
void WriteProvenance(const RunResult& run, std::vector<std::string>& names, OutputFolder& out) {
  out.Write(kProvenance, ProvenanceJson(run, RecordsOf(names, out.WorkPath())));
  names.emplace_back(kProvenance);
}

// The last step: where the files are then.
std::vector<std::filesystem::path> PutInPlace(const std::vector<std::string>& names, const Progress& progress,
                                              OutputFolder& out) {
  RequireGoingOn(progress);
  out.Commit();
  return In(out.Target(), names);
}

// Where it was kept.
void WriteKeptAttention(const RunResult& run, std::vector<std::string>& names, OutputFolder& out) {
  if (!HasAttention(run)) return;
  WriteAttention(run, out.WorkPath() / "attention.npz");
  names.emplace_back("attention.npz");
}

// What was measured, and the names of its files.
std::vector<std::string> WriteNumbers(const RunResult& run, OutputFolder& out) {
  out.Write("results.json", ResultsJson(run));
  WriteHeadArrays(run, out.WorkPath() / "heads.npz");
  out.Write("heads.csv", HeadsCsv(run));
  std::vector<std::string> names = {"results.json", "heads.npz", "heads.csv"};
  WriteKeptAttention(run, names, out);
  return names;
}

std::string DrawFigure(const Figure& figure, std::vector<std::string>& names,
                       const std::filesystem::path& folder, Progress& progress) {
  return Draw("figure", names, progress, [&] {
    RenderFigure(figure, folder, &progress);
    return std::vector<std::string>(std::begin(kFigureFiles), std::end(kFigureFiles));
  });
}

// Leaves an error of the figures before it as it is.
template <class Result>
void DrawForPapers(const Result& result, const Figures& figures, std::vector<std::string>& names,
                   const std::filesystem::path& folder, Progress& progress, std::string& figure_error) {
  if (!figures) return;
  const std::string error = Draw("figures for papers", names, progress, [&] {
    return WritePaperFigures(PaperFigures(result, *figures), figures->width, folder, &progress);
  });
  if (figure_error.empty()) figure_error = error;
}

// Figures and page of a result: what `names` gets added is in `folder` then. Returns as Draw.
std::string Show(const RunResult& run, const Figures& figures, const std::filesystem::path& folder,
                 Progress& progress, std::vector<std::string>& names, std::vector<std::string>& notes) {
  std::string figure_error;
  if (!IsMeasurement(run.plan)) {
    const Figure figure = DescribeFigure(run);
    figure_error = DrawFigure(figure, names, folder, progress);
    notes = figure.notes;
  } else if (HasSensitivity(run)) {
    const Pictures pictures = SensitivityPictures(run);
    figure_error = Draw(pictures.stem, names, progress, [&] {
      RenderPictures({pictures}, folder, &progress);
      return PictureFiles(pictures.stem);
    });
  }
  DrawForPapers(run, figures, names, folder, progress, figure_error);
  WriteFile(folder / kPage, RunPage(run));
  names.emplace_back(kPage);
  return figure_error;
}

std::string Show(const Comparison& comparison, const Figures& figures, const std::filesystem::path& folder,
                 Progress& progress, std::vector<std::string>& names) {
  std::string figure_error = DrawFigure(DescribeComparisonFigure(comparison), names, folder, progress);
  DrawForPapers(comparison, figures, names, folder, progress, figure_error);
  WriteFile(folder / kPage, ComparisonPage(comparison));
  names.emplace_back(kPage);
  return figure_error;
}

}  // namespace

Saved SaveMeasurement(const RunResult& run, const std::filesystem::path& folder, const Figures& figures,
                      Progress& progress) {
  OutputFolder out(folder);
  Saved saved;
  std::vector<std::string> names = WriteNumbers(run, out);
  saved.figure_error = Show(run, figures, out.WorkPath(), progress, names, saved.notes);
  WriteProvenance(run, names, out);
  saved.paths = PutInPlace(names, progress, out);
  return saved;
}

Saved SaveNumbers(const RunResult& run, const std::filesystem::path& folder,
                  const std::vector<ExtraFile>& extra, Progress& progress) {
  OutputFolder out(folder);
  std::vector<std::string> names = WriteNumbers(run, out);
  for (const ExtraFile& file : extra) {
    out.Write(file.name, file.bytes);
    names.push_back(file.name);
  }
  WriteProvenance(run, names, out);
  return {.paths = PutInPlace(names, progress, out), .notes = {}, .figure_error = {}};
}

Saved SaveExperiment(const RunResult& run, const std::filesystem::path& folder, const Figures& figures,
                     Progress& progress) {
  OutputFolder out(folder);
  Saved saved;
  std::vector<std::string> names = WriteNumbers(run, out);
  saved.figure_error = Show(run, figures, out.WorkPath(), progress, names, saved.notes);
  if (!run.plan.manifest_text.empty()) {
    out.Write("manifest.toml", run.plan.manifest_text);
    names.emplace_back("manifest.toml");
  }
  WriteProvenance(run, names, out);
  std::vector<BundleEntry> entries;
  for (const std::string& name : names) entries.push_back({name, out.WorkPath() / name});
  const std::string slug = run.plan.slug.empty() ? "experiment" : run.plan.slug;  // results.json has none
  names.push_back(slug + "_" + run.timestamp + ".zip");
  WriteBundle(out.WorkPath() / names.back(), entries);
  saved.paths = PutInPlace(names, progress, out);
  return saved;
}

Saved SaveComparison(const Comparison& comparison, const std::filesystem::path& folder,
                     const Figures& figures, Progress& progress) {
  const RunResult& run = comparison.run;
  OutputFolder out(folder);
  Saved saved;
  std::vector<std::string> names = {"results.json"};
  out.Write("results.json", ComparisonJson(comparison));
  if (!run.models.empty()) {
    out.Write("measured.json", ResultsJson(run));
    names.emplace_back("measured.json");
    WriteKeptAttention(run, names, out);
  }
  saved.figure_error = Show(comparison, figures, out.WorkPath(), progress, names);
  WriteProvenance(run, names, out);
  saved.paths = PutInPlace(names, progress, out);
  return saved;
}

namespace {

std::string Show(const Stored& stored, const Figures& figures, const std::filesystem::path& folder,
                 Progress& progress, std::vector<std::string>& names, std::vector<std::string>& notes) {
  const auto* run = std::get_if<RunResult>(&stored);
  return run != nullptr ? Show(*run, figures, folder, progress, names, notes)
                        : Show(std::get<Comparison>(stored), figures, folder, progress, names);
}

}  // namespace

Saved SaveReport(const Stored& stored, const std::filesystem::path& folder, const Figures& figures,
                 Progress& progress) {
  OutputFolder out(folder);
  Saved saved;
  std::vector<std::string> names;
  saved.figure_error = Show(stored, figures, out.WorkPath(), progress, names, saved.notes);
  out.Commit();
  saved.paths = In(out.Target(), names);
  return saved;
}

Saved ReplaceReport(const Stored& stored, const std::filesystem::path& folder, const Figures& figures,
                    Progress& progress) {
  const std::filesystem::path record = folder / kProvenance;
  const std::optional<std::string> provenance = ReadFile(record);
  if (provenance) ReadProvenance(*provenance, record.string());
  const ReplacedFiles out(folder);
  Saved saved;
  std::vector<std::string> names;
  saved.figure_error = Show(stored, figures, out.WorkPath(), progress, names, saved.notes);
  if (provenance) {
    const std::vector<FileRecord> records = RecordsOf(names, out.WorkPath());
    WriteFile(out.WorkPath() / kProvenance, WithOutputs(*provenance, record.string(), records));
    names.emplace_back(kProvenance);
  }
  out.Commit(names);
  saved.paths = In(std::filesystem::canonical(folder), names);
  return saved;
}

}  // namespace headspec::report
