// The ladder for papers: one line for each model with its interval and its null, and the index against size.
#pragma once

#include "headspec/result.h"
#include "report/paper_style.h"

namespace headspec::report {

Pictures PaperLadder(const RunResult& run, FigureWidth width);
std::string PaperLadderCaption(const RunResult& run);

// Only points with a size have a place in it.
bool HasPaperSize(const RunResult& run);
Pictures PaperSize(const RunResult& run, FigureWidth width);
std::string PaperSizeCaption(const RunResult& run);

}  // namespace headspec::report
