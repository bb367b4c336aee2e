// The notebook's figure: bars of the ladder by size, and the index against size with its trend. gnuplot
// draws it from a script and a data file that stay beside it: edit either, run `gnuplot figure.gp`, and the
// three pictures are drawn again. The trend and the axis limits are computed by the script.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/progress.h"
#include "headspec/result.h"

namespace headspec::report {

struct Figure {
  std::string script;              // figure.gp
  std::string data;                // figure.dat
  std::vector<std::string> notes;  // models that are not in it, and why
};

// What RenderFigure writes.
inline constexpr const char* kFigureFiles[] = {"figure.png", "figure.svg", "figure.pdf", "figure.gp",
                                               "figure.dat"};

Figure DescribeFigure(const RunResult& run);

// Draws into `folder`, which exists: all of kFigureFiles or, with an Error, none.
void RenderFigure(const Figure& figure, const std::filesystem::path& folder,
                  const Progress* progress = nullptr);

}  // namespace headspec::report
