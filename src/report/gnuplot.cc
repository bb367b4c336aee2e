#include "report/gnuplot.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <system_error>

#include "core/error.h"
#include "report/files.h"
#include "report/text.h"

extern char** environ;

namespace headspec::report {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLog = "gnuplot.log";

fs::path FindOnPath(const std::string& program) {
  const char* variable = std::getenv("PATH");
  std::string_view rest = variable == nullptr ? "" : variable;
  while (!rest.empty()) {
    const auto colon = rest.find(':');
    const fs::path candidate = fs::path(rest.substr(0, colon)) / program;
    // Relative entries would mean another place in the folder that gnuplot runs in.
    if (candidate.is_absolute() && ::access(candidate.c_str(), X_OK) == 0) return candidate;
    rest = colon == std::string_view::npos ? std::string_view{} : rest.substr(colon + 1);
  }
  throw Error(ErrorKind::kSystem, fmt::format("cannot draw the figure: {} is not on PATH", program),
              "install the package gnuplot-nox");
}

class SpawnActions {
 public:
  SpawnActions() { posix_spawn_file_actions_init(&actions_); }
  ~SpawnActions() { posix_spawn_file_actions_destroy(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  posix_spawn_file_actions_t* get() { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

bool IsCancelled(const Progress* progress) { return progress != nullptr && progress->Cancelled(); }

// Until the child has ended or, at an interruption, is made to end.
int Wait(pid_t child, const Progress* progress, int& error) {
  constexpr timespec kPause = {.tv_sec = 0, .tv_nsec = 5'000'000};
  int status = 0;
  while (true) {
    const pid_t ended = ::waitpid(child, &status, progress == nullptr ? 0 : WNOHANG);
    if (ended == child) return status;
    if (ended < 0 && errno != EINTR) {
      error = errno;
      return status;
    }
    if (IsCancelled(progress)) ::kill(child, SIGKILL);
    if (ended == 0) ::nanosleep(&kPause, nullptr);
  }
}

// The exit status of `gnuplot -d scripts...`, both outputs going to the log.
int Spawn(const fs::path& program, const fs::path& folder, std::vector<std::string> scripts,
          const Progress* progress) {
  SpawnActions actions;
  int error = posix_spawn_file_actions_addchdir_np(actions.get(), folder.c_str());
  if (error == 0) error = posix_spawn_file_actions_addopen(actions.get(), 0, "/dev/null", O_RDONLY, 0);
  if (error == 0) {
    error = posix_spawn_file_actions_addopen(actions.get(), 1, kLog, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  }
  if (error == 0) error = posix_spawn_file_actions_adddup2(actions.get(), 1, 2);
  std::string name = program.string();
  std::string defaults = "-d";  // neither the user's nor the system's settings
  std::vector<char*> arguments = {name.data(), defaults.data()};
  for (std::string& script : scripts) arguments.push_back(script.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  if (error == 0)
    error = posix_spawn(&child, name.c_str(), actions.get(), nullptr, arguments.data(), environ);
  const int status = error == 0 ? Wait(child, progress, error) : 0;
  if (error != 0) {
    throw Error(ErrorKind::kSystem,
                fmt::format("cannot run {}: {}", name, std::generic_category().message(error)),
                "install the package gnuplot-nox");
  }
  return status;
}

// gnuplot echoes the offending line and points at it before it says what is wrong.
std::string FirstComplaint(const fs::path& log) {
  std::ifstream in(log);
  std::string line, first;
  while (std::getline(in, line)) {
    line = OneLine(line);
    if (line.find_first_not_of(" ^") == std::string::npos) continue;
    if (first.empty()) first = line;
    if (line.find(" line ") != std::string::npos) return line;
  }
  return first.empty() ? "it gave no reason" : first;
}

}  // namespace

std::string GnuplotString(std::string_view text) {
  // In single quotes gnuplot knows one thing only: a doubled quote. But two at the beginning end the string.
  const std::string line = OneLine(text);
  const auto first = std::min(line.find_first_not_of('\''), line.size());
  std::string quoted = first > 0 ? fmt::format("\"{}\".'", line.substr(0, first)) : "'";
  for (const char c : line.substr(first)) {
    quoted += c;
    if (c == '\'') quoted += c;
  }
  return quoted + "'";
}

std::string GnuplotLines(const std::vector<std::string>& lines) {
  std::vector<std::string> quoted;
  for (const std::string& line : lines) quoted.push_back(GnuplotString(line));
  return lines.empty() ? "''" : fmt::format("{}", fmt::join(quoted, ".\"\\n\"."));
}

std::string DrawEveryFormat(std::string_view script) {
  return fmt::format(R"gnuplot(# Run this file with `gnuplot {}`: it loads itself once for every format.
if (!exists("format")) {{
  this_script = ARG0
  do for [format in "png svg pdf"] {{ load this_script }}
  exit
}}
)gnuplot",
                     script);
}

void RunGnuplot(const fs::path& folder, const std::vector<std::string>& scripts, const Progress* progress) {
  const fs::path program = FindOnPath("gnuplot");
  const Discard log(folder / kLog);
  const int status = Spawn(program, folder, scripts, progress);
  // On a terminal Ctrl-C reaches gnuplot too.
  if (IsCancelled(progress)) throw Error(ErrorKind::kInterrupted, "interrupted: nothing was written");
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  const std::string ending = WIFEXITED(status) ? fmt::format("exit status {}", WEXITSTATUS(status))
                                               : fmt::format("signal {}", WTERMSIG(status));
  throw Error(ErrorKind::kSystem,
              fmt::format("gnuplot failed on {} ({}): {}",
                          (folder / fmt::format("{}", fmt::join(scripts, ", "))).string(), ending,
                          FirstComplaint(log.path())),
              "check the installed gnuplot with: gnuplot --version");
}

}  // namespace headspec::report
