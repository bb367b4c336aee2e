// A worker as its rank sees it: a child process behind two pipes.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "core/file_descriptor.h"

namespace headspec::sweep {

class WorkerProcess {
 public:
  // Starts this program as a worker. `setup` is the first line that it reads. Throws Error(kSystem).
  explicit WorkerProcess(const std::string& setup);
  // Ends it, however busy it is.
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  // A line; a worker that is gone is noticed by Ending().
  void Ask(const std::string& line);
  // The next line that it has written, without waiting.
  std::optional<std::string> Read();
  // How it ended, when it has: "was killed (signal 9)".
  std::optional<std::string> Ending();
  // Tells it that there is nothing more to do, and a busy one to stop at the next safe point. Ends it after
  // so many seconds.
  void Stop(bool is_busy, double seconds);
  // Readable when it has written something or ended.
  int output() const { return output_.value(); }

 private:
  pid_t pid_ = -1;
  FileDescriptor input_{-1};
  FileDescriptor output_{-1};
  std::string buffer_;
  bool has_ended_ = false;
};

}  // namespace headspec::sweep
