#include "cli/program.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>

#include "cli/commands.h"
#include "cli/help.h"
#include "cli/options.h"
#include "headspec/version.h"

namespace headspec::cli {
namespace {

constexpr std::string_view kExample = "Example: ";

}  // namespace

void BuildProgram(CLI::App& program, int& exit_code) {
  program.formatter(std::make_shared<HelpFormatter>());
  program.set_version_flag("--version", headspec::Version(), "the version of this program");
  program.set_help_flag("-h,--help", "this text")->group(kTalk);
  program.get_option("--version")->group(kTalk);
  program.require_subcommand(1);
  AddRun(program, exit_code);
  AddPlan(program, exit_code);
  AddMerge(program, exit_code);
  AddSubmit(program, exit_code);
  AddMeasure(program, exit_code);
  AddCompare(program, exit_code);
  AddSanity(program, exit_code);
  AddInspect(program, exit_code);
  AddSi(program, exit_code);
  AddReport(program, exit_code);
  AddVerify(program, exit_code);
  AddFetch(program, exit_code);
  AddModels(program, exit_code);
  AddCompletion(program, exit_code);
  AddManual(program, exit_code);
  AddHelp(program, exit_code);
  AddWorker(program, exit_code);
  for (CLI::App* command : program.get_subcommands({})) {
    command->set_help_flag("-h,--help", "the options of this command")->group(kTalk);
  }
}

std::vector<const CLI::App*> CommandsOf(const CLI::App& program) {
  return program.get_subcommands([](const CLI::App* command) { return !command->get_group().empty(); });
}

const CLI::App* FindCommand(const CLI::App& program, const std::string& name) {
  for (const CLI::App* command : program.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_name() == name) return command;
  }
  return nullptr;
}

std::vector<std::string> CommandNames(const CLI::App& program) {
  std::vector<std::string> names;
  for (const CLI::App* command : CommandsOf(program)) names.push_back(command->get_name());
  return names;
}

std::vector<OptionGroup> OptionGroupsOf(const CLI::App& command) {
  std::vector<OptionGroup> groups;
  for (const char* title : {kMeasured, kWritten, kMachine, kHub, kTalk}) {
    const auto options = command.get_options([title](const CLI::Option* option) {
      return option->nonpositional() && option->get_group() == title;
    });
    if (!options.empty()) groups.push_back({title, options});
  }
  return groups;
}

std::vector<const CLI::Option*> ArgumentsOf(const CLI::App& command) {
  return command.get_options([](const CLI::Option* option) { return option->get_positional(); });
}

std::vector<std::string> NamesOf(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  return names;
}

bool TakesValue(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

std::string SignatureOf(const CLI::Option& option) {
  const std::string names = fmt::format("{}", fmt::join(NamesOf(option), ", "));
  return TakesValue(option) ? names + " " + option.get_type_name() : names;
}

std::string UsageOf(const CLI::App& command) {
  std::string text = "headspec " + command.get_name();
  for (const CLI::Option* argument : ArgumentsOf(command)) {
    const std::string name = argument->get_name() + (argument->get_items_expected_max() > 1 ? "..." : "");
    text += argument->get_required() ? " " + name : " [" + name + "]";
  }
  return text + " [OPTIONS]";
}

std::string ExampleOf(const CLI::App& command) {
  const std::string footer = command.get_footer();
  return footer.starts_with(kExample) ? footer.substr(kExample.size()) : footer;
}

}  // namespace headspec::cli
