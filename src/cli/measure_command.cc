#include <fmt/format.h>

#include <memory>

#include "cli/commands.h"
#include "cli/console.h"
#include "cli/options.h"
#include "cli/save.h"
#include "core/error.h"
#include "headspec/plans.h"
#include "report/baselines_report.h"
#include "report/index_words.h"
#include "report/ladder.h"
#include "report/results_json.h"
#include "report/sensitivity_report.h"
#include "report/tables.h"

namespace headspec::cli {
namespace {

struct Arguments {
  std::vector<std::string> models;
  std::string out;
  bool sensitivity = false;
  bool baselines = false;
  FigureOptions figures;
  ProtocolOptions protocol;
  AttentionOptions attention;
  CommonOptions common;
};

Plan BuildPlan(const Arguments& args) {
  Plan plan = PlanOf({});
  plan.protocol = BuildProtocol(args.protocol);
  if (plan.protocol.padding.to_max_length && (args.sensitivity || args.baselines)) {
    throw Error(ErrorKind::kInput,
                fmt::format("--{}: measures without padding, found --padding max-length",
                            args.sensitivity ? "sensitivity" : "baselines"),
                "leave one of them out");
  }
  plan.protocol.sensitivity = args.sensitivity;
  plan.protocol.baselines = args.baselines;
  Apply(args.attention, plan.protocol);
  for (const std::string& model : args.models) plan.ladder.push_back(EntryOf(model, args.protocol));
  return plan;
}

// Of one model the table has nothing that its lines do not say; --verbose has shown them.
void PrintTable(const RunResult& run, const CommonOptions& options, Console& console) {
  const bool is_alone = run.models.size() == 1 && !options.quiet;
  if (!is_alone)
    console.PrintResult((options.quiet ? "" : "\n") + report::LadderTable(run));
  else if (!options.verbose)
    console.PrintResult(report::ModelLines(run.models.front()));
}

int MeasureModels(const Arguments& args) {
  RequireFreeFolder(args.out);
  const Plan plan = BuildPlan(args);
  const auto figures = PaperRequestOf(args.figures);
  RequireMeasured(figures, plan.protocol.metrics);
  Console console(args.common, {plan.ladder, plan.protocol.sanity_min_si});
  const RunResult run = Measure(plan, args.common.run_options(), console);
  const int exit_code = ExitCodeOf(run);
  if (NothingMeasured(run)) return exit_code;
  const std::string folder = OutputFolderName(args.out, plan.slug, run);
  const Saved saved = SaveOrContinue(run, args.common.fresh, console, [&](Progress& progress) {
    return report::SaveMeasurement(run, folder, figures, progress);
  });
  if (args.common.json) {
    console.PrintRaw(report::ResultsJson(run));
    for (const std::string& warning : run.warnings) console.Note("warning: " + warning);
  } else {
    PrintTable(run, args.common, console);
    if (args.baselines) console.PrintResult("\n" + report::BaselineTable(run));
    if (args.sensitivity) console.PrintResult("\n" + report::SensitivityTable(run));
  }
  if (run.models.size() > 1) console.Print("\n" + report::SupportBlock(run));
  if (!saved.figure_error.empty()) console.Error(saved.figure_error);
  console.Print("\n");
  PrintWritten(saved, console);
  return saved.figure_error.empty() ? exit_code : 3;
}

}  // namespace

void AddMeasure(CLI::App& program, int& exit_code) {
  auto args = std::make_shared<Arguments>();
  CLI::App* command = program.add_subcommand("measure", "The measurement alone, of one or many models");
  command->add_option("MODEL", args->models, "folder, or org/name[@revision] on the Hugging Face hub")
      ->type_name("MODEL")
      ->required();
  AddOutOption(*command, args->out, "results/measure_<timestamp>");
  AddPrecisionOptions(*command, args->protocol);
  AddPromptOptions(*command, args->protocol);
  command
      ->add_flag("--sensitivity", args->sensitivity,
                 "also the index in every dtype and numerics profile, of other head metrics, and with one "
                 "layer or prompt left out: up to five more passes")
      ->group(kMeasured);
  command
      ->add_flag("--baselines", args->baselines,
                 "also what heads give that have learnt nothing: this architecture with random weights, in "
                 "memory only, and a uniform head in closed form")
      ->group(kMeasured);
  AddMetricsOption(*command, args->protocol.metrics);
  AddFigureOptions(*command, args->figures);
  AddPaddingOptions(*command, args->protocol);
  AddSeedOptions(*command, args->protocol);
  AddAttentionOptions(*command, args->attention);
  AddMeasuringOptions(*command, args->common);
  command->footer("Example: headspec measure ~/models/phi-2 --dtype bfloat16 --out phi-2");
  command->callback([args, &exit_code] { exit_code = MeasureModels(*args); });
}

}  // namespace headspec::cli
