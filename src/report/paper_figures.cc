#include "report/paper_figures.h"

#include <fmt/format.h>

#include <string_view>
#include <system_error>

#include "core/error.h"
#include "report/files.h"
#include "report/paper_ladder.h"
#include "report/paper_maps.h"

namespace headspec::report {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFolder = "figures";
constexpr const char* kLatex = "figures.tex";

std::string LatexText(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '\\':
        escaped += "\\textbackslash{}";
        break;
      case '~':
        escaped += "\\textasciitilde{}";
        break;
      case '^':
        escaped += "\\textasciicircum{}";
        break;
      case '{':
      case '}':
      case '$':
      case '&':
      case '#':
      case '_':
      case '%':
        escaped += '\\';
        [[fallthrough]];
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string LatexFile(const std::vector<PaperFigure>& figures, FigureWidth width) {
  std::string text =
      "% Figures of headspec with their captions. In the preamble: \\usepackage{graphicx}, and\n"
      "% \\graphicspath{{path/to/figures/}}. XeLaTeX, LuaLaTeX or pdfLaTeX, UTF-8.\n";
  const char* environment = width.mm > 120 ? "figure*" : "figure";
  for (const PaperFigure& figure : figures) {
    text += fmt::format(
        "\n\\begin{{{0}}}\n  \\centering\n  \\includegraphics[width={1:.6g}mm]{{{2}.pdf}}\n  "
        "\\caption{{{3}}}\n  \\label{{fig:{2}}}\n\\end{{{0}}}\n",
        environment, width.mm, figure.pictures.stem, LatexText(figure.caption));
  }
  return text;
}

void AddMaps(const RunResult& run, const std::string& metric, FigureWidth width,
             std::vector<PaperFigure>& figures) {
  figures.push_back({PaperHeadMaps(run, metric, width), PaperHeadMapsCaption(run, metric)});
}

void AddRequestedMaps(const RunResult& run, const PaperRequest& request, std::vector<PaperFigure>& figures) {
  for (const std::string& metric : request.metrics) {
    if (!HasPaperMaps(run, metric)) {
      throw Error(ErrorKind::kInput, fmt::format("figure of {}: no model has this metric", metric),
                  metric == "induction" ? "measure with --metrics all" : "measure with --metrics prompts");
    }
    AddMaps(run, metric, request.width, figures);
  }
}

}  // namespace

std::vector<PaperFigure> PaperFigures(const RunResult& run, const PaperRequest& request) {
  const FigureWidth width = request.width;
  std::vector<PaperFigure> figures;
  if (!run.models.empty() || !run.plan.references.empty())
    figures.push_back({PaperLadder(run, width), PaperLadderCaption(run)});
  if (HasPaperSize(run)) figures.push_back({PaperSize(run, width), PaperSizeCaption(run)});
  if (HasPaperMaps(run, kReceivedEntropy)) AddMaps(run, kReceivedEntropy, width, figures);
  AddRequestedMaps(run, request, figures);
  return figures;
}

std::vector<PaperFigure> PaperFigures(const Comparison& comparison, const PaperRequest& request) {
  std::vector<PaperFigure> figures = {
      {PaperComparison(comparison, request.width), PaperComparisonCaption(comparison)}};
  AddRequestedMaps(comparison.run, request, figures);
  return figures;
}

std::vector<std::string> WritePaperFigures(const std::vector<PaperFigure>& figures, FigureWidth width,
                                           const fs::path& folder, const Progress* progress) {
  const fs::path place = folder / kFolder;
  std::error_code error;
  fs::create_directory(place, error);
  if (error) {
    throw Error(ErrorKind::kSystem, fmt::format("cannot create {}: {}", place.string(), error.message()),
                "choose an output folder that can be written");
  }
  Discard unfinished(place);
  std::vector<Pictures> pictures;
  std::vector<std::string> names;
  for (const PaperFigure& figure : figures) {
    pictures.push_back(figure.pictures);
    for (const std::string& name : PictureFiles(figure.pictures.stem))
      names.push_back(fmt::format("{}/{}", kFolder, name));
  }
  RenderPictures(pictures, place, progress);
  WriteFile(place / kLatex, LatexFile(figures, width));
  names.push_back(fmt::format("{}/{}", kFolder, kLatex));
  unfinished.Release();
  return names;
}

}  // namespace headspec::report
