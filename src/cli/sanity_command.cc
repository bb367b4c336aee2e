#include <memory>

#include "cli/commands.h"
#include "cli/console.h"
#include "cli/options.h"
#include "experiment/pass.h"
#include "experiment/sanity.h"
#include "experiment/start_result.h"
#include "report/results_json.h"

namespace headspec::cli {
namespace {

int RunCheck(const ModelArguments& args) {
  Plan plan;
  plan.experiment = "sanity";
  plan.purpose = "Sanity check of " + args.model;
  plan.protocol = BuildProtocol(args.protocol);
  plan.ladder = {EntryOf(args.model, args.protocol)};
  RunResult run = experiment::StartResult(plan, args.common.run_options());
  Console console(args.common, {run.plan.ladder, run.plan.protocol.sanity_min_si, true});
  const ModelEntry& entry = run.plan.ladder.front();
  const RunOptions options = args.common.run_options();
  experiment::Subject subject = experiment::LoadSubject(entry, options.hub, console);
  experiment::ObserverProgress progress(console);
  experiment::Identify(subject, options.threads, progress);
  const auto outcome = experiment::CheckSanity(subject, entry, run.plan.protocol, options, console);
  run.sanity_attempts = outcome.attempts;
  if (outcome.passed) {
    const SanityResult& passed = outcome.attempts.back();
    run.sanity = passed;
    run.sanity_override = {passed.use_chat_template, passed.dtype, passed.label};
  }
  if (args.common.json)
    console.PrintRaw(report::ResultsJson(run));
  else if (args.common.quiet || !outcome.passed)
    console.PrintResult(outcome.passed ? "SANITY PASS: " + run.sanity->label + "\n"
                                       : "SANITY FAIL: no variant passed\n");
  return outcome.passed ? 0 : 1;
}

}  // namespace

void AddSanity(CLI::App& program, int& exit_code) {
  auto args = std::make_shared<ModelArguments>();
  CLI::App* command = program.add_subcommand(
      "sanity", "The eight-step check of one model, in bf16, fp16 and fp32 until one passes");
  AddModelArgument(*command, *args);
  AddPrecisionOptions(*command, args->protocol);
  AddPromptOptions(*command, args->protocol);
  AddOutputOptions(*command, args->common);
  AddProgressOptions(*command, args->common);
  AddPassOptions(*command, args->common);
  AddHubOptions(*command, args->common);
  command->footer("Example: headspec sanity ~/models/phi-2");
  command->callback([args, &exit_code] { exit_code = RunCheck(*args); });
}

}  // namespace headspec::cli
