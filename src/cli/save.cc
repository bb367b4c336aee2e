#include "cli/save.h"

#include <algorithm>
#include <filesystem>

#include "report/bundle.h"
#include "report/figure.h"
#include "report/output_folder.h"
#include "report/results_json.h"

namespace headspec::cli {
namespace {

std::vector<std::string> In(const std::filesystem::path& folder, const std::vector<std::string>& names) {
  std::vector<std::string> paths;
  for (const std::string& name : names) paths.push_back((folder / name).string());
  return paths;
}

}  // namespace

Saved SaveMeasurement(const RunResult& run, const std::string& folder) {
  report::OutputFolder out(folder);
  out.Write("results.json", report::ResultsJson(run));
  out.Commit();
  return {In(out.Target(), {"results.json"}), {}};
}

Saved SaveExperiment(const RunResult& run, const std::string& folder) {
  report::OutputFolder out(folder);
  std::vector<std::string> names = {"results.json"};
  out.Write("results.json", report::ResultsJson(run));
  const report::Figure figure = report::DescribeFigure(run);
  report::RenderFigure(figure, out.WorkPath());
  names.insert(names.end(), std::begin(report::kFigureFiles), std::end(report::kFigureFiles));
  out.Write("manifest.toml", run.plan.manifest_text);
  names.emplace_back("manifest.toml");
  std::vector<report::BundleEntry> entries;
  for (const std::string& name : names) entries.push_back({name, out.WorkPath() / name});
  names.push_back(run.plan.slug + "_" + run.timestamp + ".zip");
  report::WriteBundle(out.WorkPath() / names.back(), entries);
  out.Commit();
  return {In(out.Target(), names), figure.notes};
}

std::string OutputFolderName(const std::string& out, const std::string& name, const RunResult& run) {
  return out.empty() ? "results/" + name + "_" + run.timestamp : out;
}

int ExitCodeOf(const RunResult& run) {
  const auto failed = std::count_if(run.models.begin(), run.models.end(), [](const ModelResult& m) { return m.error.has_value(); });
  if (failed == 0) return 0;
  return static_cast<std::size_t>(failed) < run.models.size() ? 1 : run.models.front().error_code;
}

}  // namespace headspec::cli
