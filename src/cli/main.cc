// The program: reads the command line, runs one command, maps a failure to one line and an exit code.
#include <cstdio>
#include <exception>
#include <new>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/console.h"
#include "core/error.h"

namespace {

constexpr int kUsage = 2;

int ExitCodeOf(headspec::ErrorKind kind) {
  switch (kind) {
    case headspec::ErrorKind::kRun: return 1;
    case headspec::ErrorKind::kInput: return 2;
    case headspec::ErrorKind::kSystem: return 3;
    case headspec::ErrorKind::kInterrupted: return 130;
  }
  return 1;
}

int Fail(const char* message, int code) {
  std::fprintf(stderr, "headspec: %s\n", message);
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App program("headspec measures how specialised a language model's attention heads are.", "headspec");
  program.set_version_flag("--version", HEADSPEC_VERSION);
  program.require_subcommand(1);
  int exit_code = 0;
  headspec::cli::AddRun(program, exit_code);
  headspec::cli::AddMeasure(program, exit_code);
  headspec::cli::AddSanity(program, exit_code);
  headspec::cli::AddInspect(program, exit_code);
  headspec::cli::AddSi(program, exit_code);
  headspec::cli::CatchInterrupts();
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return program.exit(e);  // --help, --version
    const std::string message = std::string(e.what()) + "; see headspec --help";
    return Fail(message.c_str(), kUsage);
  } catch (const headspec::Error& e) {
    return Fail(e.what(), ExitCodeOf(e.kind()));
  } catch (const std::bad_alloc&) {
    return Fail("out of memory; use fewer or shorter prompts", 3);
  } catch (const std::exception& e) {
    return Fail(e.what(), 1);
  }
  return exit_code;
}
