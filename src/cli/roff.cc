#include "cli/roff.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>

#include "cli/conventions.h"
#include "cli/program.h"
#include "headspec/version.h"

namespace headspec::cli {
namespace {

// Hyphens that can be copied, no line that is taken for a request.
std::string Roff(std::string_view text) {
  std::string out = text.starts_with('.') || text.starts_with('\'') ? "\\&" : "";
  for (const char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else if (c == '~')
      out += "\\(ti";
    else if (c == '\'')
      out += "\\(aq";
    else
      out += c;
  }
  return out;
}

std::string Upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

std::string TitleOf(const CLI::App& app) {
  return app.get_parent() == nullptr ? "headspec" : "headspec-" + app.get_name();
}

std::string Head(const CLI::App& app, const std::string& what) {
  return fmt::format(".TH {} 1 \"\" \"headspec {}\" \"headspec manual\"\n.SH NAME\n{} \\- {}\n",
                     Roff(Upper(TitleOf(app))), Roff(headspec::Version()), Roff(TitleOf(app)), Roff(what));
}

std::string Item(const std::string& term, const std::string& text) {
  return fmt::format(".TP\n.B {}\n{}\n", Roff(term), Roff(text));
}

std::string OptionItem(const CLI::Option& option) {
  const std::string usual = option.get_default_str();
  return Item(SignatureOf(option),
              option.get_description() + (usual.empty() ? "" : fmt::format(" (default {})", usual)) + ".");
}

std::string Conventions() {
  std::string text = ".SH EXIT STATUS\n";
  for (const Convention& code : kExitCodes) text += Item(code.name, code.meaning);
  text += ".SH ENVIRONMENT\n";
  for (const Convention& variable : kVariables) text += Item(variable.name, variable.meaning);
  return text;
}

std::string SeeAlso(const CLI::App& program, const CLI::App& here) {
  std::string text;
  const auto add = [&](const CLI::App& app) {
    if (&app == &here) return;
    text += fmt::format("{}.BR {} (1)", text.empty() ? "" : ",\n", Roff(TitleOf(app)));
  };
  add(program);
  for (const CLI::App* command : CommandsOf(program)) add(*command);
  return ".SH SEE ALSO\n" + text + "\n";
}

}  // namespace

std::string PageName(const CLI::App& app) { return TitleOf(app) + ".1"; }

std::string CommandPage(const CLI::App& program, const CLI::App& command) {
  std::string text = Head(command, command.get_description());
  text += fmt::format(".SH SYNOPSIS\n.B {}\n", Roff(UsageOf(command)));
  const auto arguments = ArgumentsOf(command);
  if (!arguments.empty()) text += ".SH ARGUMENTS\n";
  for (const CLI::Option* argument : arguments)
    text += Item(argument->get_name(), argument->get_description() + ".");
  text += ".SH OPTIONS\n";
  for (const OptionGroup& group : OptionGroupsOf(command)) {
    text += fmt::format(".SS {}\n", Roff(group.title));
    for (const CLI::Option* option : group.options) text += OptionItem(*option);
  }
  text += fmt::format(".SH EXAMPLE\n.EX\n{}\n.EE\n", Roff(ExampleOf(command)));
  return text + Conventions() + SeeAlso(program, command);
}

std::string ProgramPage(const CLI::App& program) {
  std::string text = Head(program, "how specialised are the attention heads of a language model?");
  text += ".SH SYNOPSIS\n.B headspec\n.I COMMAND\n.RI [ ARGUMENTS ]\n.RI [ OPTIONS ]\n";
  text += fmt::format(".SH DESCRIPTION\n{}\n.SH COMMANDS\n", Roff(program.get_description()));
  for (const CLI::App* command : CommandsOf(program))
    text += Item(command->get_name(), command->get_description() + ".");
  text += ".SH OPTIONS\n";
  for (const OptionGroup& group : OptionGroupsOf(program)) {
    for (const CLI::Option* option : group.options) text += OptionItem(*option);
  }
  return text + Conventions() + SeeAlso(program, program);
}

}  // namespace headspec::cli
