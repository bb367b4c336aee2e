#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "cli/commands.h"
#include "cli/console.h"
#include "cli/options.h"
#include "cli/save.h"
#include "core/error.h"
#include "core/file.h"
#include "experiment/files.h"
#include "experiment/progress.h"
#include "report/attention_arrays.h"
#include "report/read_results.h"
#include "report/stored.h"

namespace headspec::cli {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string file;
  std::string out;
  FigureOptions figures;
  CommonOptions common;
};

// What was measured for a pair stands beside its results; nothing does where both sides were stored.
void AddMeasured(const fs::path& file, Comparison& comparison) {
  const std::optional<std::string> text = ReadFile(file);
  if (!text) return;
  RunResult measured = report::ReadResults(*text, file.string());
  if (measured.timestamp != comparison.run.timestamp)
    throw Error(ErrorKind::kInput,
                fmt::format("{}: $.timestamp: expected {} as in results.json, found {}", file.string(),
                            comparison.run.timestamp, measured.timestamp),
                "it is of another comparison: move it away");
  comparison.run = std::move(measured);
}

// Kept beside the results on request.
void AddAttention(const fs::path& file, RunResult& run) {
  std::error_code code;
  if (fs::exists(file, code)) report::ReadAttention(file, run);
}

report::Stored ReadResultsFile(const fs::path& file) {
  report::Stored stored = report::ReadStored(experiment::ReadWholeFile(file, "results"), file.string());
  const fs::path folder = file.parent_path();
  if (auto* comparison = std::get_if<Comparison>(&stored)) {
    AddMeasured(folder / "measured.json", *comparison);
    AddAttention(folder / "attention.npz", comparison->run);
  } else {
    AddAttention(folder / "attention.npz", std::get<RunResult>(stored));
  }
  return stored;
}

// The figure and the page in a result's folder are those of its results.json.
void RequireOwnFolder(const fs::path& file) {
  std::error_code code;
  if (file.filename() == "results.json" || !fs::exists(file.parent_path() / "results.json", code)) return;
  throw Error(ErrorKind::kInput,
              fmt::format("{}: its folder holds another result, {}", file.string(),
                          (file.parent_path() / "results.json").string()),
              "choose a folder with --out");
}

int MakeReport(const Arguments& args) {
  const fs::path file = args.file;
  const fs::path folder = file.has_parent_path() ? file.parent_path() : ".";
  std::error_code code;
  const bool beside = args.out.empty() || fs::equivalent(args.out, folder, code);
  if (!beside) RequireFreeFolder(args.out);
  Console console(args.common);
  const report::Stored stored = ReadResultsFile(file);
  if (beside) RequireOwnFolder(file);
  const report::Figures figures = PaperRequestOf(args.figures);
  experiment::ObserverProgress progress(console);
  const Saved saved = beside ? report::ReplaceReport(stored, folder, figures, progress)
                             : report::SaveReport(stored, args.out, figures, progress);
  for (const std::string& note : saved.notes) console.Note("note: " + note);
  if (!saved.figure_error.empty()) console.Error(saved.figure_error);
  PrintWritten(saved, console);
  return saved.figure_error.empty() ? 0 : 3;
}

}  // namespace

void AddReport(CLI::App& program, int& exit_code) {
  auto args = std::make_shared<Arguments>();
  CLI::App* command =
      program.add_subcommand("report", "Figure and report.html again from results.json: no model is needed");
  command->add_option("RESULTS", args->file, "results.json of run, measure or compare")
      ->type_name("FILE")
      ->required();
  AddOutOption(*command, args->out,
               "beside the results, where both are replaced and provenance.json gets their hashes");
  AddFigureOptions(*command, args->figures);
  AddQuietOption(*command, args->common);
  AddColorOption(*command);
  AddProgressOptions(*command, args->common);
  command->footer("Example: headspec report results/measure_20260101_120000/results.json --out again");
  command->callback([args, &exit_code] { exit_code = MakeReport(*args); });
}

}  // namespace headspec::cli
