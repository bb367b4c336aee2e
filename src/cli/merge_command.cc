#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/console.h"
#include "cli/options.h"
#include "cli/sweep_words.h"
#include "core/error.h"
#include "sweep/layout.h"
#include "sweep/plan.h"

namespace headspec::cli {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::vector<std::string> folders;
  std::string out;
  CommonOptions common;
};

int MergeSweeps(const Arguments& args) {
  const SweepPlan plan = sweep::ReadPlan(args.folders.front());
  for (const std::string& folder : args.folders) {
    if (sweep::IsSamePlan(sweep::ReadPlan(folder), plan)) continue;
    throw Error(
        ErrorKind::kInput,
        fmt::format("{}: its {} is another one than that of {}", folder, sweep::kPlanFile,
                    args.folders.front()),
        "merge folders of one plan: copy the first one's manifest.toml and plan.json before measuring");
  }
  Console console(args.common);
  const fs::path out = args.out.empty() ? args.folders.front() : args.out;
  sweep::KeepPlan(plan, out);
  return GatherInto(plan, {args.folders.begin(), args.folders.end()}, out, args.common, console);
}

}  // namespace

void AddMerge(CLI::App& program, int& exit_code) {
  auto args = std::make_shared<Arguments>();
  CLI::App* command = program.add_subcommand(
      "merge", "The measured cells of a sweep together, from one folder or several: table, curves, page");
  command->add_option("DIR", args->folders, "folder of a sweep, as `run --out` names it")
      ->type_name("DIR")
      ->required();
  AddOutOption(*command, args->out, "the first DIR");
  AddOutputOptions(*command, args->common);
  AddProgressOptions(*command, args->common);
  command->footer("Example: headspec merge pythia --out pythia-so-far");
  command->callback([args, &exit_code] { exit_code = MergeSweeps(*args); });
}

}  // namespace headspec::cli
