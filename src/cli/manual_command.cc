#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cli/choices.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "cli/program.h"
#include "cli/roff.h"
#include "report/files.h"

namespace headspec::cli {
namespace {

struct Arguments {
  std::string command;
  std::string into;
};

int PrintManual(const CLI::App& program, const Arguments& args) {
  if (!args.into.empty()) {
    const std::filesystem::path folder = args.into;
    std::filesystem::create_directories(folder);
    report::WriteFile(folder / PageName(program), ProgramPage(program));
    for (const CLI::App* command : CommandsOf(program))
      report::WriteFile(folder / PageName(*command), CommandPage(program, *command));
    return 0;
  }
  const std::string page =
      args.command.empty() ? ProgramPage(program) : CommandPage(program, *FindCommand(program, args.command));
  Console({}).PrintRaw(page);
  return 0;
}

}  // namespace

void AddManual(CLI::App& program, int& exit_code) {
  auto args = std::make_shared<Arguments>();
  CLI::App* command = program.add_subcommand("man", "The manual page of a command, or of all, for man -l -");
  std::vector<std::string> commands = CommandNames(program);
  commands.emplace_back("help");
  TakesOneOf(command->add_option("COMMAND", args->command, "run, measure, ..."), commands);
  command->add_option("--into", args->into, "write every page into this folder")->type_name("DIR")->group("");
  command->footer("Example: headspec man measure | man -l -");
  command->callback([&program, args, &exit_code] { exit_code = PrintManual(program, *args); });
}

}  // namespace headspec::cli
