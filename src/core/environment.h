// Environment variables that switch something, read as huggingface_hub reads its own.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string>

namespace headspec {

// True for 1, ON, YES and TRUE in any case; everything else is false.
inline bool IsSwitchedOn(const char* name) {
  const char* set = std::getenv(name);
  std::string value = set == nullptr ? "" : set;
  std::transform(value.begin(), value.end(), value.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return value == "1" || value == "ON" || value == "YES" || value == "TRUE";
}

}  // namespace headspec
