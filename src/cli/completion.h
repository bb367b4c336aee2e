// Completion for shells: commands, their options, the values that options take, files and folders, and as
// MODEL also what the hub's cache holds. All from the definitions of the command line.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace headspec::cli {

std::string BashCompletion(const CLI::App& program);
std::string ZshCompletion(const CLI::App& program);
std::string FishCompletion(const CLI::App& program);

// What a value may be, from the type name.
struct Completed {
  std::vector<std::string> words;
  bool files = false;
  bool folders = false;
  bool models = false;  // folders, and names of cached models
};
Completed CompletedBy(const CLI::Option& option);

// Of --help, --version and all options of a command.
std::vector<const CLI::Option*> AllOptions(const CLI::App& command);

// 'TEXT' for a shell, as the POSIX ones and fish quote.
std::string ShellQuoted(const std::string& text);
std::string FishQuoted(const std::string& text);

}  // namespace headspec::cli
