// The text of --help: what a command does, its arguments, its options by what they are about, an example.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace headspec::cli {

class HelpFormatter final : public CLI::FormatterBase {
 public:
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
};

}  // namespace headspec::cli
