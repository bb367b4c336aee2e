// The program: reads the command line, runs one command, maps a failure to one line and an exit code.
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstring>
#include <exception>
#include <filesystem>
#include <new>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/console.h"
#include "core/error.h"
#include "core/nearest.h"
#include "headspec/version.h"

namespace {

constexpr int kUsage = 2;
constexpr int kInterrupted = 130;

int Fail(const std::string& message, int code) {
  headspec::cli::PrintError(message);
  return code;
}

// A closed stdin, stdout or stderr would lend its number to the next file that is opened.
void OpenStandardStreams() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (fcntl(fd, F_GETFD) < 0) (void)open("/dev/null", O_RDWR);
  }
}

// CLI11 only says that a command is missing.
std::string UnknownCommand(const CLI::App& program, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return "";
  std::vector<std::string> names;
  for (const CLI::App* command : program.get_subcommands({})) names.push_back(command->get_name());
  if (std::find(names.begin(), names.end(), argv[1]) != names.end()) return "";
  const std::string nearest = headspec::Nearest(argv[1], names);
  return fmt::format("unknown command \"{}\"; {}", argv[1],
                     nearest.empty() ? fmt::format("commands: {}", fmt::join(names, ", "))
                                     : fmt::format("did you mean {}?", nearest));
}

int ParseAndRun(CLI::App& program, int argc, char** argv, const int& exit_code) {
  if (const std::string unknown = UnknownCommand(program, argc, argv); !unknown.empty())
    return Fail(unknown, kUsage);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return program.exit(e);  // --help, --version
    const auto chosen = program.get_subcommands();
    return Fail(fmt::format("{}; see headspec {}--help", e.what(),
                            chosen.empty() ? "" : chosen.front()->get_name() + " "),
                kUsage);
  } catch (const headspec::Error& e) {
    if (e.kind() == headspec::ErrorKind::kInterrupted) return Fail(e.what(), kInterrupted);
    if (headspec::cli::Interrupted()) return Fail("interrupted: nothing was written", kInterrupted);
    return Fail(e.what(), ExitCodeOf(e.kind()));
  } catch (const std::filesystem::filesystem_error& e) {
    return Fail(e.what(), 3);
  } catch (const std::bad_alloc&) {
    return Fail("out of memory; use fewer or shorter prompts", 3);
  } catch (const std::exception& e) {
    return Fail(e.what(), 1);
  }
  const int failure = headspec::cli::StdoutFailure();
  if (failure == 0 || exit_code != 0) return exit_code;
  return Fail(
      fmt::format("standard output: cannot be written ({}); send it somewhere else", std::strerror(failure)),
      3);
}

}  // namespace

int main(int argc, char** argv) {
  OpenStandardStreams();
  CLI::App program("headspec measures how specialised a language model's attention heads are.", "headspec");
  program.set_version_flag("--version", headspec::Version());
  program.require_subcommand(1);
  int exit_code = 0;
  headspec::cli::AddRun(program, exit_code);
  headspec::cli::AddMeasure(program, exit_code);
  headspec::cli::AddCompare(program, exit_code);
  headspec::cli::AddSanity(program, exit_code);
  headspec::cli::AddInspect(program, exit_code);
  headspec::cli::AddSi(program, exit_code);
  headspec::cli::AddReport(program, exit_code);
  headspec::cli::AddFetch(program, exit_code);
  headspec::cli::AddVerify(program, exit_code);
  headspec::cli::AddModels(program, exit_code);
  headspec::cli::CatchInterrupts();
  return ParseAndRun(program, argc, argv, exit_code);
}
