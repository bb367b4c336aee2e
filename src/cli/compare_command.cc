#include <memory>

#include "cli/commands.h"
#include "cli/console.h"
#include "cli/options.h"
#include "cli/save.h"
#include "headspec/comparison.h"
#include "headspec/plans.h"
#include "report/comparison_json.h"
#include "report/comparison_table.h"

namespace headspec::cli {
namespace {

struct Arguments {
  std::string base;
  std::string tuned;
  std::string out;
  FigureOptions figures;
  ProtocolOptions protocol;
  AttentionOptions attention;
  CommonOptions common;
};

Plan PlanOf(const Arguments& args) {
  Plan plan = PlanOfPair(args.base, args.tuned);
  plan.protocol = BuildProtocol(args.protocol);
  Apply(args.attention, plan.protocol);
  plan.ladder = {EntryOf(args.base, args.protocol)};
  if (!args.tuned.empty()) plan.ladder.push_back(EntryOf(args.tuned, args.protocol));
  return plan;
}

// The exit code of the first model that failed; its error was printed when it did.
int FailureOf(const RunResult& run) {
  for (const ModelResult& model : run.models) {
    if (model.error) return model.error_code;
  }
  return 1;
}

int ComparePair(const Arguments& args) {
  RequireFreeFolder(args.out);
  const Plan plan = PlanOf(args);
  const auto figures = PaperRequestOf(args.figures);
  RequireMeasured(figures, plan.protocol.metrics);
  Console console(args.common, {plan.ladder, plan.protocol.sanity_min_si});
  const Comparison comparison = Compare(plan, args.common.run_options(), console);
  const int exit_code = comparison.run.models.empty() ? 0 : ExitCodeOf(comparison.run);
  if (comparison.verdict.code.empty()) return FailureOf(comparison.run);
  const std::string folder = OutputFolderName(args.out, plan.slug, comparison.run);
  const Saved saved = SaveOrContinue(comparison.run, args.common.fresh, console, [&](Progress& progress) {
    return report::SaveComparison(comparison, folder, figures, progress);
  });
  if (args.common.json) {
    console.PrintRaw(report::ComparisonJson(comparison));
    for (const std::string& warning : comparison.warnings) console.Note("warning: " + warning);
  } else {
    console.PrintResult(report::ComparisonTable(comparison));
  }
  if (!saved.figure_error.empty()) console.Error(saved.figure_error);
  console.Print("\n");
  PrintWritten(saved, console);
  return saved.figure_error.empty() ? exit_code : 3;
}

}  // namespace

void AddCompare(CLI::App& program, int& exit_code) {
  auto args = std::make_shared<Arguments>();
  CLI::App* command =
      program.add_subcommand("compare", "A base model against a tuned one, by the E11 pair protocol");
  command
      ->add_option("BASE", args->base,
                   "folder, org/name[@revision], or stored results: results.json of headspec, a published "
                   "E11 file")
      ->type_name("MODEL|FILE")
      ->required();
  command
      ->add_option("TUNED", args->tuned,
                   "the tuned model, the same way; left out where BASE is a file that holds both")
      ->type_name("MODEL|FILE");
  AddOutOption(*command, args->out, "results/compare_<timestamp>");
  AddFigureOptions(*command, args->figures);
  AddPrecisionOptions(*command, args->protocol);
  AddPromptOptions(*command, args->protocol);
  AddPaddingOptions(*command, args->protocol);
  AddAttentionOptions(*command, args->attention);
  AddMeasuringOptions(*command, args->common);
  command->footer("Example: headspec compare ~/models/base ~/models/instruct --dtype bfloat16 --out pair");
  command->callback([args, &exit_code] { exit_code = ComparePair(*args); });
}

}  // namespace headspec::cli
