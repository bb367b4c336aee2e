// docs/science.md as tests read it: they hold its numbers to what is computed.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

namespace headspec::metrics {

// With every run of white space made one blank, so that phrases may be wrapped anywhere.
inline std::string ScienceDocument() {
  std::ifstream in(std::filesystem::path(HEADSPEC_SOURCE_DIR) / "docs/science.md");
  std::string text, word;
  while (in >> word) text += (text.empty() ? "" : " ") + word;
  return text;
}

inline bool DocumentSays(const std::string& phrase) {
  return ScienceDocument().find(phrase) != std::string::npos;
}

}  // namespace headspec::metrics
