// Figures for papers, beside those that every run has: in the width of a column, as PNG, SVG and PDF with
// text as text, each with the script and the data that draw it again, and a LaTeX file that includes them all
// with their captions. Written on request only.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/progress.h"
#include "headspec/comparison.h"
#include "headspec/result.h"
#include "report/paper_style.h"

namespace headspec::report {

struct PaperRequest {
  FigureWidth width;
  std::vector<std::string> metrics;  // beside the received entropy: names of HeadMetric
};

struct PaperFigure {
  Pictures pictures;
  std::string caption;
};

// The ladder, size against SI and head maps, as far as the run has them. Throws Error(kInput) for a metric
// that no model has.
std::vector<PaperFigure> PaperFigures(const RunResult& run, const PaperRequest& request);

// The pair, and the ladder's maps of what was measured for it in other metrics.
std::vector<PaperFigure> PaperFigures(const Comparison& comparison, const PaperRequest& request);

// Draws all into `folder`/figures: all of them or, with an Error, none. The names of the files, from
// `folder`.
std::vector<std::string> WritePaperFigures(const std::vector<PaperFigure>& figures, FigureWidth width,
                                           const std::filesystem::path& folder,
                                           const Progress* progress = nullptr);

}  // namespace headspec::report
