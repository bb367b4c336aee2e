#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/console.h"
#include "cli/options.h"
#include "cli/save.h"
#include "cli/sweep_run.h"
#include "core/error.h"
#include "headspec/plans.h"
#include "report/index_words.h"
#include "report/results_json.h"
#include "report/tables.h"
#include "sweep/plan.h"
#include "sweep/rank_job.h"

namespace headspec::cli {
namespace {

struct Arguments {
  std::string manifest;
  std::string out;
  bool rerun_seeds = false;
  std::string metrics = "prompts";
  AttentionOptions attention;
  FigureOptions figures;
  CommonOptions common;
  SweepArguments sweep;
};

// The last word on stdout; without a hypothesis that is the table, which only --quiet has kept back.
void PrintDecision(const RunResult& run, bool quiet, Console& console) {
  if (run.verdict) console.PrintResult(report::FinalVerdict(run) + (quiet ? "" : "\n"));
  if (!run.verdict && quiet) console.PrintResult(report::LadderTable(run));
}

int RunExperiment(const Arguments& args) {
  RequireFreeFolder(args.out);
  Plan plan = args.manifest.empty() ? BuiltInPlan() : ReadManifest(args.manifest);
  plan.protocol.rerun_seeds = plan.protocol.rerun_seeds || args.rerun_seeds;
  plan.protocol.metrics = MetricsOf(args.metrics);
  Apply(args.attention, plan.protocol);
  const auto figures = PaperRequestOf(args.figures);
  RequireMeasured(figures, plan.protocol.metrics);
  Console console(args.common, {plan.ladder, plan.protocol.sanity_min_si, true});
  console.Print(plan.experiment + (plan.purpose.empty() ? "" : ": " + plan.purpose) + "\n\n");
  const RunResult run = Run(plan, args.common.run_options(), console);
  if (!args.common.verbose) console.Print("\n");
  for (const std::string& block : {report::HypothesisBlock(plan), report::LadderTable(run),
                                   report::VerdictBlock(run), report::SupportBlock(run)}) {
    if (!block.empty()) console.Print(block + "\n");
  }
  const std::string folder = OutputFolderName(args.out, plan.slug, run);
  const Saved saved = SaveOrContinue(run, args.common.fresh, console, [&](Progress& progress) {
    return report::SaveExperiment(run, folder, figures, progress);
  });
  if (args.common.json)
    console.PrintRaw(report::ResultsJson(run));
  else
    PrintDecision(run, args.common.quiet, console);
  for (const std::string& note : saved.notes) console.Note("note: " + note);
  if (!saved.figure_error.empty()) console.Error(saved.figure_error);
  PrintWritten(saved, console);
  return saved.figure_error.empty() ? ExitCodeOf(run) : 3;
}

// Of an option that only ladders have, or only sweeps.
void RequireAbsent(const CLI::App& command, const std::string& option, const std::string& what,
                   const std::string& next) {
  if (command.count(option) > 0) throw Error(ErrorKind::kInput, option + ": " + what, next);
}

int RunManifest(const Arguments& args, const CLI::App& command) {
  if (command.count("--shard") > 0 && sweep::ReadLaunch().is_job)
    throw Error(ErrorKind::kInput, "--shard: not under mpirun, which hands out the cells itself",
                "leave it out");
  if (command.count("--shard") > 0 && args.sweep.shard.empty())
    throw Error(ErrorKind::kInput, "--shard: is empty, expected i/n with 1 <= i <= n",
                "a variable of the job script may be unset");
  const bool in_job = sweep::ReadLaunch().is_job;
  if (!in_job && (args.manifest.empty() || !sweep::IsSweep(args.manifest))) {
    for (const char* option : {"--shard", "--local-copies", "--discard-models"})
      RequireAbsent(command, option, "only sweeps have it, and the manifest has no [[sweep]]",
                    "list its models as models = [...] below [[sweep]]");
    return RunExperiment(args);
  }
  for (const char* option : {"--rerun-seeds", "--metrics", "--keep-attention", "--attention-limit",
                             "--figure-width", "--figure-metrics"})
    RequireAbsent(command, option, "not for sweeps", "say it in the manifest, or leave it out");
  SweepArguments sweep = args.sweep;
  sweep.manifest = args.manifest;
  sweep.out = args.out;
  sweep.common = args.common;
  return in_job ? RunSweepInJob(sweep) : RunSweep(sweep);
}

void AddSweepOptions(CLI::App& command, SweepArguments& sweep) {
  command
      .add_option("--shard", sweep.shard,
                  "of a sweep: measure the i-th of n parts, from 1, and do not gather (see merge)")
      ->type_name("I/N")
      ->group(kMachine);
  AddLocalCopiesOption(command, sweep.local_copies);
  AddDiscardOption(command, sweep.discard_models);
}

}  // namespace

void AddRun(CLI::App& program, int& exit_code) {
  auto args = std::make_shared<Arguments>();
  CLI::App* command =
      program.add_subcommand("run", "The whole experiment: sanity check, ladder, verdict, figure, bundle");
  command
      ->add_option("MANIFEST", args->manifest,
                   "experiment in TOML; without it the built-in nano ladder runs, offline")
      ->type_name("FILE");
  AddOutOption(*command, args->out, "results/<slug>_<timestamp>");
  AddRerunSeedsOption(*command, args->rerun_seeds);
  AddMetricsOption(*command, args->metrics);
  AddAttentionOptions(*command, args->attention);
  AddFigureOptions(*command, args->figures);
  AddMeasuringOptions(*command, args->common);
  AddSweepOptions(*command, args->sweep);
  command->footer("Example: headspec run experiments/phi-size-ladder.toml --out phi");
  command->callback([args, command, &exit_code] { exit_code = RunManifest(*args, *command); });
}

}  // namespace headspec::cli
