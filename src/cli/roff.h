// Manual pages, in the language of man(7).
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace headspec::cli {

// headspec-COMMAND(1).
std::string CommandPage(const CLI::App& program, const CLI::App& command);
// headspec(1).
std::string ProgramPage(const CLI::App& program);
// "headspec-run.1", "headspec.1".
std::string PageName(const CLI::App& app);

}  // namespace headspec::cli
