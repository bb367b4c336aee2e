#include <fcntl.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/console.h"
#include "sweep/worker.h"

namespace headspec::cli {

// Hidden: a rank starts it (sweep/worker_process.h).
void AddWorker(CLI::App& program, int& exit_code) {
  program.add_subcommand("sweep-worker", "Measures cells for a rank of a job")
      ->group("")
      ->callback([&exit_code] {
        // What else is printed goes where people read it.
        const int answers = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
        dup2(STDERR_FILENO, STDOUT_FILENO);
        exit_code = sweep::ServeWorker(STDIN_FILENO, answers, [] { return Interrupted(); });
      });
}

}  // namespace headspec::cli
