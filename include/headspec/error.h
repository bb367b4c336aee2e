// The one failure type of headspec: what went wrong, where, and what to do next, in one line. The library
// throws it and never prints or exits.
#pragma once

#include <stdexcept>
#include <string>

#include "headspec/export.h"

namespace headspec {

// What kind of failure it was; the program's exit code follows from it.
enum class ErrorKind {
  kRun,          // the experiment ran and something in it failed
  kInput,        // usage, or a file that is not what it should be
  kSystem,       // network or file system
  kInterrupted,  // Observer::Cancelled said so; the program: Ctrl-C
};

// "run", "input", "system", "interrupted".
constexpr const char* NameOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kRun:
      return "run";
    case ErrorKind::kInput:
      return "input";
    case ErrorKind::kSystem:
      return "system";
    case ErrorKind::kInterrupted:
      return "interrupted";
  }
  return "run";
}

// The exit code of the program for it.
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

// What every call of the library throws when it fails.
class HEADSPEC_API Error : public std::runtime_error {
 public:
  // `what_and_where` names the place and both values; `next` says what to do. Joined by "; ".
  Error(ErrorKind kind, const std::string& what_and_where, const std::string& next = {})
      : std::runtime_error(next.empty() ? what_and_where : what_and_where + "; " + next), kind_(kind) {}

  // Of what kind it is.
  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

}  // namespace headspec
