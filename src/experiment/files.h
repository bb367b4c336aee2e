// Reading whole files, and where headspec keeps its own data.
#pragma once

#include <filesystem>
#include <string>

namespace headspec::experiment {

// Throws Error(kSystem) naming `what` and the path.
std::string ReadWholeFile(const std::filesystem::path& file, const std::string& what);

// The folder with prompts/, nano/ and the built-in manifests: $HEADSPEC_DATA, else beside the installed
// program, else the source tree it was built from. Throws Error(kSystem) if none holds data.
std::filesystem::path DataFolder();

}  // namespace headspec::experiment
