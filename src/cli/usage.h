// What is wrong with a command line, and what was probably meant: one line.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace headspec::cli {

// Empty where the first word is a command or an option.
std::string UnknownCommand(const CLI::App& program, const std::vector<std::string>& words);

// `words` is the command line without the program's name.
std::string UsageComplaint(const CLI::App& program, const std::vector<std::string>& words,
                           const CLI::ParseError& error);

}  // namespace headspec::cli
