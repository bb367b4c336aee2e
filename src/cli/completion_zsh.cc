#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/completion.h"
#include "cli/program.h"

namespace headspec::cli {
namespace {

constexpr const char* kModels = R"zsh(
# Names of models in the hub's cache, and folders.
_headspec_models() {
  local hub=${HF_HUB_CACHE:-${HF_HOME:-$HOME/.cache/huggingface}/hub}
  local -a names=($hub/models--*--*(N/:t))
  names=(${${names#models--}/--//})
  compadd -M 'r:|/=* r:|=*' -- $names
  _files -/
}

# The same, and files.
_headspec_models_or_files() {
  _headspec_models
  _files
}
)zsh";

// What _arguments calls for a value.
std::string Action(const CLI::Option& option) {
  const Completed completed = CompletedBy(option);
  if (completed.models) return completed.files ? "_headspec_models_or_files" : "_headspec_models";
  if (completed.files) return "_files";
  if (completed.folders) return "_files -/";
  return completed.words.empty() ? " " : fmt::format("({})", fmt::join(completed.words, " "));
}

// Brackets and colons have a meaning in a specification.
std::string Described(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string OptionSpecs(const CLI::Option& option) {
  std::string text;
  for (const std::string& name : NamesOf(option)) {
    const std::string equals = TakesValue(option) && name.starts_with("--") ? "=" : "";
    std::string spec = fmt::format("{}{}[{}]", name, equals, Described(option.get_description()));
    if (TakesValue(option)) spec += fmt::format(":{}:{}", Described(option.get_type_name()), Action(option));
    text += " \\\n        " + ShellQuoted(spec);
  }
  return text;
}

std::string CommandCase(const CLI::App& command) {
  std::string text = fmt::format("      {})\n        _arguments -s", command.get_name());
  for (const CLI::Option* option : AllOptions(command)) text += OptionSpecs(*option);
  for (const CLI::Option* argument : ArgumentsOf(command)) {
    const bool is_list = argument->get_items_expected_max() > 1;
    text += " \\\n        " +
            ShellQuoted(fmt::format("{}:{}:{}", is_list ? "*" : "", argument->get_name(), Action(*argument)));
  }
  return text + "\n        ;;\n";
}

}  // namespace

std::string ZshCompletion(const CLI::App& program) {
  std::string text =
      "#compdef headspec\n# zsh completion for headspec, written by: headspec completion zsh\n";
  text += kModels;
  text +=
      "\n_headspec() {\n  local curcontext=$curcontext state line\n  typeset -A opt_args\n  local -a "
      "commands=(\n";
  for (const CLI::App* command : CommandsOf(program))
    text += fmt::format("    {}\n",
                        ShellQuoted(command->get_name() + ":" + Described(command->get_description())));
  text +=
      "  )\n  _arguments -C '(- *)--help[all commands]' '(- *)--version[the version of this program]' \\\n";
  text +=
      "    '1: :->command' '*:: :->arguments'\n  case $state in\n  command) _describe -t commands command "
      "commands ;;\n";
  text += "  arguments)\n    case $words[1] in\n";
  for (const CLI::App* command : CommandsOf(program)) text += CommandCase(*command);
  return text +
         "    esac\n    ;;\n  esac\n}\n\n"
         "if [ \"$funcstack[1]\" = _headspec ]; then _headspec \"$@\"; else compdef _headspec headspec; fi\n";
}

}  // namespace headspec::cli
