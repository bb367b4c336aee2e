#include "sweep/worker_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

#include "core/error.h"

extern char** environ;

namespace headspec::sweep {
namespace {

[[noreturn]] void FailStart(const char* what) {
  throw Error(ErrorKind::kSystem,
              fmt::format("a worker cannot be started ({}: {})", what, std::strerror(errno)),
              "close other programs, or raise the limits of processes and files");
}

// What mpirun left for its own processes would make a child of one think that it is one.
bool IsOfLauncher(std::string_view variable) {
  for (const std::string_view prefix : {"OMPI_", "PMIX_", "PMI_", "PRTE_", "ORTE_"})
    if (variable.starts_with(prefix)) return true;
  return false;
}

std::vector<char*> OwnEnvironment() {
  std::vector<char*> kept;
  for (char** variable = environ; *variable != nullptr; ++variable)
    if (!IsOfLauncher(*variable)) kept.push_back(*variable);
  kept.push_back(nullptr);
  return kept;
}

// Between fork and exec: only what may be called there.
[[noreturn]] void BecomeWorker(int in, int out, pid_t parent, char** variables) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);  // it was gone before it could be said
  // The rank says when to stop; a terminal's Ctrl-C reaches both.
  signal(SIGINT, SIG_IGN);
  signal(SIGTERM, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  // A pipe may have one of the two numbers already.
  const int high_in = fcntl(in, F_DUPFD, 10), high_out = fcntl(out, F_DUPFD, 10);
  dup2(high_in, STDIN_FILENO);
  dup2(high_out, STDOUT_FILENO);
  close_range(3, ~0U, 0);
  char program[] = "headspec";
  char command[] = "sweep-worker";
  char* arguments[] = {program, command, nullptr};
  execve("/proc/self/exe", arguments, variables);
  _exit(127);
}

}  // namespace

WorkerProcess::WorkerProcess(const std::string& setup) {
  std::array<int, 2> in{}, out{};
  if (pipe2(in.data(), O_CLOEXEC) != 0) FailStart("pipe");
  FileDescriptor in_read(in[0]);
  input_.Reset(in[1]);
  if (pipe2(out.data(), O_CLOEXEC) != 0) FailStart("pipe");
  output_.Reset(out[0]);
  FileDescriptor out_write(out[1]);
  fcntl(output_.value(), F_SETFL, O_NONBLOCK);
  std::vector<char*> variables = OwnEnvironment();
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) FailStart("fork");
  if (pid_ == 0) BecomeWorker(in_read.value(), out_write.value(), parent, variables.data());
  Ask(setup);
}

WorkerProcess::~WorkerProcess() {
  if (has_ended_ || pid_ < 0) return;
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void WorkerProcess::Ask(const std::string& line) {
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t written = ::write(input_.value(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::optional<std::string> WorkerProcess::Read() {
  while (true) {
    if (const std::size_t end = buffer_.find('\n'); end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return line;
    }
    std::array<char, 4096> bytes{};
    const ssize_t got = ::read(output_.value(), bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return std::nullopt;
    buffer_.append(bytes.data(), static_cast<std::size_t>(got));
  }
}

std::optional<std::string> WorkerProcess::Ending() {
  if (has_ended_) return std::nullopt;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
  has_ended_ = true;
  if (WIFSIGNALED(status))
    return fmt::format("was ended by signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
  return fmt::format("ended with exit code {}", WEXITSTATUS(status));
}

void WorkerProcess::Stop(bool is_busy, double seconds) {
  if (has_ended_) return;
  input_.Close();
  if (is_busy) kill(pid_, SIGTERM);
  for (double waited = 0; waited < seconds && !Ending() && !has_ended_; waited += 0.02) {
    poll(nullptr, 0, 20);
    while (Read()) {
    }
  }
}

}  // namespace headspec::sweep
