// The Error that a call throws, as text.
#pragma once

#include <string>
#include <string_view>

#include "core/error.h"

namespace headspec {

// "kInput: message", or "no error". Any other exception fails the test that calls this.
template <typename Call>
std::string ErrorOf(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    switch (error.kind()) {
      case ErrorKind::kRun:
        return std::string("kRun: ") + error.what();
      case ErrorKind::kInput:
        return std::string("kInput: ") + error.what();
      case ErrorKind::kSystem:
        return std::string("kSystem: ") + error.what();
      case ErrorKind::kInterrupted:
        return std::string("kInterrupted: ") + error.what();
    }
  }
  return "no error";
}

// For paths that differ from run to run.
inline std::string ReplaceAll(std::string text, std::string_view part, std::string_view replacement) {
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + replacement.size()))
    text.replace(at, part.size(), replacement);
  return text;
}

}  // namespace headspec
