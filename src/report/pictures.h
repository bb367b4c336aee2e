// Gnuplot scripts with their data as pictures in three formats, all of them whole or none.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/progress.h"

namespace headspec::report {

struct Pictures {
  std::string stem;    // "figure": the script draws figure.png, .svg and .pdf beside itself
  std::string script;  // becomes figure.gp
  std::string data;    // becomes figure.dat
};

// The names of all five files.
std::vector<std::string> PictureFiles(const std::string& stem);

// Draws into `folder`, which exists, all at once: all of their PictureFiles or, with an Error, none.
void RenderPictures(const std::vector<Pictures>& pictures, const std::filesystem::path& folder,
                    const Progress* progress = nullptr);

}  // namespace headspec::report
