#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/completion.h"
#include "cli/program.h"

namespace headspec::cli {
namespace {

constexpr const char* kModels = R"fish(
# Names of models in the hub's cache.
function __headspec_models
    set -l hub $HOME/.cache/huggingface/hub
    set -q HF_HOME; and set hub $HF_HOME/hub
    set -q HF_HUB_CACHE; and set hub $HF_HUB_CACHE
    for folder in $hub/models--*--*
        string replace -- -- / (string replace -r '.*/models--' '' -- $folder)
    end
end

complete -c headspec -f
complete -c headspec -n __fish_use_subcommand -l help -d 'all commands'
complete -c headspec -n __fish_use_subcommand -l version -d 'the version of this program'
)fish";

// What -a offers.
std::string Offers(const Completed& completed) {
  std::vector<std::string> offers = completed.words;
  if (completed.models) offers.emplace_back("(__headspec_models)");
  if (completed.folders && !completed.files) offers.emplace_back("(__fish_complete_directories)");
  return offers.empty() ? "" : " -a " + FishQuoted(fmt::format("{}", fmt::join(offers, " ")));
}

// -r -F: a value, files too; -x: a value, and no files.
std::string Value(const CLI::Option& option) {
  const Completed completed = CompletedBy(option);
  return (completed.files ? " -r -F" : " -x") + Offers(completed);
}

std::string CommandLines(const CLI::App& command) {
  const std::string front =
      fmt::format("complete -c headspec -n '__fish_seen_subcommand_from {}'", command.get_name());
  std::string text;
  for (const CLI::Option* option : AllOptions(command)) {
    text += front;
    for (const std::string& name : option->get_snames()) text += " -s " + name;
    for (const std::string& name : option->get_lnames()) text += " -l " + name;
    text += TakesValue(*option) ? Value(*option) : "";
    text += " -d " + FishQuoted(option->get_description()) + "\n";
  }
  const auto arguments = ArgumentsOf(command);
  if (arguments.empty()) return text;
  const Completed completed = CompletedBy(*arguments.front());
  return text + front + (completed.files ? " -F" : "") + Offers(completed) + "\n";
}

}  // namespace

std::string FishCompletion(const CLI::App& program) {
  std::string text = "# fish completion for headspec, written by: headspec completion fish\n";
  text += kModels;
  for (const CLI::App* command : CommandsOf(program)) {
    text += fmt::format("\ncomplete -c headspec -n __fish_use_subcommand -a {} -d {}\n", command->get_name(),
                        FishQuoted(command->get_description()));
    text += CommandLines(*command);
  }
  return text;
}

}  // namespace headspec::cli
