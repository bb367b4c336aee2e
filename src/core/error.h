// The one failure type that leaves a room: what went wrong, where, and what to do next, in one line.
// Library code throws it and never prints or exits; main maps the kind to the exit code.
#pragma once

#include <stdexcept>
#include <string>

namespace headspec {

enum class ErrorKind {
  kRun,          // exit 1: the experiment ran and something in it failed
  kInput,        // exit 2: usage, or a file that is not what it should be
  kSystem,       // exit 3: network or file system
  kInterrupted,  // exit 130: Ctrl-C
};

constexpr int ExitCodeOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kRun:
      return 1;
    case ErrorKind::kInput:
      return 2;
    case ErrorKind::kSystem:
      return 3;
    case ErrorKind::kInterrupted:
      return 130;
  }
  return 1;
}

class Error : public std::runtime_error {
 public:
  // `what_and_where` names the place and both values; `next` says what to do. Joined by "; ".
  Error(ErrorKind kind, const std::string& what_and_where, const std::string& next = {})
      : std::runtime_error(next.empty() ? what_and_where : what_and_where + "; " + next), kind_(kind) {}

  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

}  // namespace headspec
