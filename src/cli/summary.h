// The end of a command that wrote a folder: what is in it, by importance.
#pragma once

#include <string>
#include <vector>

namespace headspec::cli {

// "written to FOLDER": first what is read, the rest in one line. `paths` are files of one folder.
std::string WrittenLines(const std::vector<std::string>& paths);

}  // namespace headspec::cli
