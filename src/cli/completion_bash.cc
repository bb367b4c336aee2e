#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/completion.h"
#include "cli/program.h"

namespace headspec::cli {
namespace {

// bash hands over --option=value in three words.
constexpr const char* kFunctions = R"bash(
# Names of models in the hub's cache.
_headspec_models() {
  local folder name hub=${HF_HUB_CACHE:-${HF_HOME:-$HOME/.cache/huggingface}/hub}
  for folder in "$hub"/models--*--*; do
    [ -d "$folder" ] || continue
    name=${folder##*/models--}
    printf '%s\n' "${name/--//}"
  done
}

_headspec() {
  local IFS=$'\n' current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]} kinds
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "$(_headspec_commands)" -- "$current"))
    return
  fi
  if [ "$current" = = ]; then current=; elif [ "$before" = = ]; then before=${COMP_WORDS[COMP_CWORD-2]}; fi
  kinds=$(_headspec_kinds "$command" "$before")
  if [ -z "$kinds" ]; then
    if [[ $current == -* ]]; then
      COMPREPLY=($(compgen -W "$(_headspec_options "$command")" -- "$current"))
      return
    fi
    kinds=$(_headspec_kinds "$command" argument)
  fi
  local kind
  for kind in $kinds; do
    case $kind in
      @file) compopt -o filenames 2>/dev/null; COMPREPLY+=($(compgen -f -- "$current")) ;;
      @folder) compopt -o filenames 2>/dev/null; COMPREPLY+=($(compgen -d -- "$current")) ;;
      @model) COMPREPLY+=($(compgen -W "$(_headspec_models)" -- "$current")) ;;
      @any) ;;
      *) COMPREPLY+=($(compgen -W "$kind" -- "$current")) ;;
    esac
  done
}

complete -F _headspec headspec
)bash";

// Each in a line: values, @file, @folder, @model, or @any for what nobody can guess.
std::string Kinds(const CLI::Option& option) {
  const Completed completed = CompletedBy(option);
  std::vector<std::string> kinds = completed.words;
  if (completed.files) kinds.emplace_back("@file");
  if (completed.folders && !completed.files) kinds.emplace_back("@folder");
  if (completed.models) kinds.emplace_back("@model");
  if (kinds.empty()) kinds.emplace_back("@any");
  std::string text;
  for (const std::string& kind : kinds) text += " " + ShellQuoted(kind);
  return text;
}

std::string KindsOf(const CLI::App& command) {
  std::string text;
  const auto arguments = ArgumentsOf(command);
  if (!arguments.empty())
    text +=
        fmt::format("    {}:argument) printf '%s\\n'{} ;;\n", command.get_name(), Kinds(*arguments.front()));
  for (const CLI::Option* option : AllOptions(command)) {
    if (!TakesValue(*option)) continue;
    for (const std::string& name : NamesOf(*option))
      text += fmt::format("    {}:{}) printf '%s\\n'{} ;;\n", command.get_name(), name, Kinds(*option));
  }
  return text;
}

std::string OptionsOf(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : AllOptions(command)) {
    for (const std::string& name : NamesOf(*option)) names.push_back(ShellQuoted(name));
  }
  return fmt::format("    {}) printf '%s\\n' {} ;;\n", command.get_name(), fmt::join(names, " "));
}

}  // namespace

std::string BashCompletion(const CLI::App& program) {
  std::vector<std::string> commands = CommandNames(program);
  commands.insert(commands.end(), {"--help", "--version"});
  std::string text = "# bash completion for headspec, written by: headspec completion bash\n\n";
  text += fmt::format("_headspec_commands() {{\n  printf '%s\\n' {}\n}}\n\n", fmt::join(commands, " "));
  text += "_headspec_options() {\n  case $1 in\n";
  for (const CLI::App* command : CommandsOf(program)) text += OptionsOf(*command);
  text +=
      "  esac\n}\n\n# What stands behind an option, or as an argument.\n_headspec_kinds() {\n  case $1:$2 "
      "in\n";
  for (const CLI::App* command : CommandsOf(program)) text += KindsOf(*command);
  return text + "  esac\n}\n" + kFunctions;
}

}  // namespace headspec::cli
