// The program: reads the command line, runs one command, maps a failure to one line and an exit code.
#include <fcntl.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstring>
#include <exception>
#include <filesystem>
#include <new>
#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/program.h"
#include "cli/usage.h"
#include "core/error.h"

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

int ParseAndRun(CLI::App& program, int argc, char** argv, const int& exit_code) {
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  if (const std::string unknown = headspec::cli::UnknownCommand(program, words); !unknown.empty())
    return Fail(unknown, kUsage);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return program.exit(e);  // --help, --version
    return Fail(headspec::cli::UsageComplaint(program, words, e), kUsage);
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
  int exit_code = 0;
  headspec::cli::BuildProgram(program, exit_code);
  headspec::cli::CatchInterrupts();
  return ParseAndRun(program, argc, argv, exit_code);
}
