#include <memory>

#include "cli/commands.h"
#include "cli/console.h"
#include "cli/options.h"
#include "cli/save.h"
#include "experiment/manifest.h"
#include "report/results_json.h"
#include "report/tables.h"

namespace headspec::cli {
namespace {

struct Arguments {
  std::string manifest;
  std::string out;
  bool rerun_seeds = false;
  CommonOptions common;
};

int RunExperiment(const Arguments& args) {
  RequireFreeFolder(args.out);
  Plan plan = args.manifest.empty() ? experiment::BuiltInPlan() : experiment::ReadManifest(args.manifest);
  plan.protocol.rerun_seeds = plan.protocol.rerun_seeds || args.rerun_seeds;
  Console console(args.common, plan.protocol.sanity_min_si);
  console.Print(plan.experiment + ": " + plan.purpose + "\n\n");
  const RunResult run = Run(plan, args.common.run_options(), console);
  console.Print(report::HypothesisBlock(plan) + "\n" + report::LadderTable(run) + "\n" +
                report::VerdictBlock(run) + "\n");
  const Saved saved = SaveExperiment(run, OutputFolderName(args.out, plan.slug, run));
  if (args.common.json)
    console.PrintResult(report::ResultsJson(run));
  else
    console.PrintResult(report::FinalVerdict(run));
  for (const std::string& note : saved.notes) console.Note("note: " + note);
  console.Print("\nwritten:\n");
  for (const std::string& path : saved.paths) console.Print("  " + path + "\n");
  if (saved.figure_error.empty()) return ExitCodeOf(run);
  console.Error(saved.figure_error);
  return 3;
}

}  // namespace

void AddRun(CLI::App& program, int& exit_code) {
  auto args = std::make_shared<Arguments>();
  CLI::App* command =
      program.add_subcommand("run", "The whole experiment: sanity check, ladder, verdict, figure, bundle");
  command->add_option("MANIFEST", args->manifest,
                      "experiment in TOML; without it the built-in nano ladder runs, offline");
  command->add_option("--out", args->out, "folder to write (default results/<slug>_<timestamp>)");
  command->add_flag("--rerun-seeds", args->rerun_seeds, "really repeat the pass for every seed");
  AddCommonOptions(*command, args->common);
  command->footer("Example: headspec run experiments/phi-size-ladder.toml --out phi");
  command->callback([args, &exit_code] { exit_code = RunExperiment(*args); });
}

}  // namespace headspec::cli
