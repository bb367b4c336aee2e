// The whole command line: what there is, and what everyone who reads it (help, manual, completion,
// complaints) may ask.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace headspec::cli {

// Every command with its options. Each leaves its exit code in `exit_code`.
void BuildProgram(CLI::App& program, int& exit_code);

// Those for people: a hidden one is only found by its name.
std::vector<const CLI::App*> CommandsOf(const CLI::App& program);
const CLI::App* FindCommand(const CLI::App& program, const std::string& name);
std::vector<std::string> CommandNames(const CLI::App& program);

struct OptionGroup {
  std::string title;
  std::vector<const CLI::Option*> options;
};
// In the order of what matters: what is measured, written, the machine, the hub, what is printed.
std::vector<OptionGroup> OptionGroupsOf(const CLI::App& command);
std::vector<const CLI::Option*> ArgumentsOf(const CLI::App& command);  // without dashes

// "-q" and "--quiet"; "--chat-template" and "--no-chat-template".
std::vector<std::string> NamesOf(const CLI::Option& option);
bool TakesValue(const CLI::Option& option);
// "-q, --quiet", "--dtype auto|bfloat16|float16|float32".
std::string SignatureOf(const CLI::Option& option);
// "headspec measure MODEL... [OPTIONS]".
std::string UsageOf(const CLI::App& command);
// "headspec measure ~/models/phi-2 --dtype bfloat16 --out phi-2".
std::string ExampleOf(const CLI::App& command);

}  // namespace headspec::cli
