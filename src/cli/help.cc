#include "cli/help.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "cli/choices.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "cli/conventions.h"
#include "cli/program.h"
#include "cli/wrap.h"

namespace headspec::cli {
namespace {

constexpr std::size_t kColumn = 26;  // of the descriptions

std::size_t HelpColumns() {
  const std::size_t columns = ColumnsOf(stdout);
  return columns == 0 ? 80 : std::clamp<std::size_t>(columns, 60, 100);
}

std::string Row(const std::string& name, const std::string& description, std::size_t column = kColumn) {
  const bool fits = name.size() + 4 <= column;
  const std::string front =
      fits ? fmt::format("  {:<{}}", name, column - 2) : "  " + name + "\n" + std::string(column, ' ');
  return front + WrappedAt(description, column, HelpColumns()) + "\n";
}

std::string OptionRow(const CLI::Option& option) {
  const std::string usual = option.get_default_str();
  return Row(SignatureOf(option),
             option.get_description() + (usual.empty() ? "" : fmt::format(" (default {})", usual)));
}

std::string CommandHelp(const CLI::App& command) {
  std::string text =
      fmt::format("{}\n\n{}\n", UsageOf(command), WrappedAt(command.get_description(), 0, HelpColumns()));
  const auto arguments = ArgumentsOf(command);
  if (!arguments.empty()) text += "\nArguments:\n";
  for (const CLI::Option* argument : arguments)
    text += Row(argument->get_name(), argument->get_description());
  for (const OptionGroup& group : OptionGroupsOf(command)) {
    text += fmt::format("\n{}:\n", group.title);
    for (const CLI::Option* option : group.options) text += OptionRow(*option);
  }
  return text + "\n" + command.get_footer() + "\n";
}

std::string ProgramHelp(const CLI::App& program) {
  constexpr std::size_t kCommandColumn = 14;
  std::string text =
      fmt::format("{}\n\nheadspec COMMAND [ARGUMENTS] [OPTIONS]\n\nCommands:\n", program.get_description());
  for (const CLI::App* command : CommandsOf(program))
    text += Row(command->get_name(), command->get_description(), kCommandColumn);
  text += "\nOptions:\n";
  for (const OptionGroup& group : OptionGroupsOf(program)) {
    for (const CLI::Option* option : group.options)
      text += Row(SignatureOf(*option), option->get_description(), kCommandColumn + 2);
  }
  text += "\nExit codes:\n";
  for (const Convention& code : kExitCodes) text += Row(code.name, code.meaning, 8);
  return text +
         "\nheadspec help COMMAND shows the options of one, with an example; headspec man COMMAND its "
         "manual.\n";
}

}  // namespace

std::string HelpFormatter::make_help(const CLI::App* app, std::string /*name*/,
                                     CLI::AppFormatMode /*mode*/) const {
  return app->get_parent() == nullptr ? ProgramHelp(*app) : CommandHelp(*app);
}

void AddHelp(CLI::App& program, int& exit_code) {
  CLI::App* command = program.add_subcommand("help", "The options of a command, or all commands");
  auto name = std::make_shared<std::string>();
  TakesOneOf(command->add_option("COMMAND", *name, "run, measure, ..."), CommandNames(program));
  command->footer("Example: headspec help measure");
  command->callback([&program, name, &exit_code] {
    const CLI::App* chosen = name->empty() ? &program : FindCommand(program, *name);
    Console({}).PrintRaw(chosen->help());
    exit_code = 0;
  });
}

}  // namespace headspec::cli
