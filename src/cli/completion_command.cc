#include <memory>
#include <string>

#include "cli/choices.h"
#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/console.h"

namespace headspec::cli {
namespace {

std::string CompletionFor(const std::string& shell, const CLI::App& program) {
  if (shell == "bash") return BashCompletion(program);
  return shell == "zsh" ? ZshCompletion(program) : FishCompletion(program);
}

}  // namespace

void AddCompletion(CLI::App& program, int& exit_code) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command =
      program.add_subcommand("completion", "A script that lets a shell complete headspec's command line");
  TakesOneOf(command->add_option("SHELL", *shell, "bash, zsh or fish"), {"bash", "zsh", "fish"})->required();
  command->footer("Example: headspec completion bash > ~/.local/share/bash-completion/completions/headspec");
  command->callback([&program, shell, &exit_code] {
    Console({}).PrintRaw(CompletionFor(*shell, program));
    exit_code = 0;
  });
}

}  // namespace headspec::cli
