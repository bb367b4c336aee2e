#include "report/paper_style.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/utf8.h"
#include "report/gnuplot.h"
#include "report/text.h"

namespace headspec::report {
namespace {

// fontscale and linewidth make a point of text and of line the same on paper in every format.
constexpr const char* kTerminals = R"gnuplot(reset
set encoding utf8
x(mm) = 1.0 * mm / width    # from the left edge
y(mm) = 1.0 * mm / height   # from the lower edge
if (format eq "png") {
  set terminal pngcairo noenhanced size int(width/25.4*dots + 0.5),int(height/25.4*dots + 0.5) \
    font font.",".text_size fontscale dots/96.0 linewidth dots/72.0 pointscale dots/72.0 background "white"
}
if (format eq "svg") {
  # The terminal writes a font's name as it is. So other programs get families to fall back to, and, by a label
  # that shows nothing, a style that keeps the cells of maps sharp.
  family = font."&#44; Arial&#44; Helvetica&#44; sans-serif"
  set terminal svg noenhanced size int(width/25.4*96 + 0.5),int(height/25.4*96 + 0.5) \
    font family.",".text_size fontscale 1.3333 linewidth 1.3333 background "white"
  set label 99 " " at screen 0,0 font family.'"/><style>image{image-rendering:optimizeSpeed;'. \
    'image-rendering:crisp-edges;image-rendering:pixelated}</style><g font-family="'.family
}
if (format eq "pdf") {
  set terminal pdfcairo noenhanced size width/25.4,height/25.4 font font.",".text_size fontscale 0.75 \
    linewidth 2 dashlength 0.7 background "white"
}
dot = format eq "svg" ? 0.72 : 0.45  # of a mark, 1 mm wide in every format
set output stem.".".format

set border 3 lc rgb "#000000" lw 0.5
set tics out nomirror scale 0.4 textcolor rgb "#000000"
set style line 1 lc rgb "#d9d9d9" lw 0.25 dt 1
set style line 2 lc rgb "#000000" lw 0.5 dt 1
set grid back ls 1
unset grid
unset key
)gnuplot";

constexpr std::string_view kBreaks = " -_/.:";

bool IsBreak(std::string_view character) { return kBreaks.find(character) != std::string_view::npos; }

std::vector<std::string_view> Characters(std::string_view text) {
  std::vector<std::string_view> characters;
  for (std::string_view rest = text; !rest.empty(); rest.remove_prefix(characters.back().size()))
    characters.push_back(rest.substr(0, Utf8Length(rest)));
  return characters;
}

// Shares of the text's size, as in Helvetica and its likes.
double Em(std::string_view character) {
  if (DisplayWidth(character) > 1) return 1;
  if (character.size() > 1) return 0.6;
  const char c = character.front();
  if (c >= 'A' && c <= 'Z') return c == 'M' || c == 'W' ? 0.85 : c == 'I' ? 0.28 : 0.68;
  if (std::string_view("iljtf.,:;'|!()[]/- ").find(c) != std::string_view::npos) return 0.31;
  return c == 'm' || c == 'w' || c == '%' || c == '@' ? 0.83 : 0.56;
}

// The longest beginning that fits into `mm`, to its last break if it has one, and how many characters it is.
std::size_t FirstLine(const std::vector<std::string_view>& characters, std::size_t from, double mm) {
  double used = 0;
  std::size_t last_break = 0;
  for (std::size_t i = from; i < characters.size(); ++i) {
    used += TextMm(characters[i]);
    if (used > mm) return last_break > from ? last_break : std::max(i, from + 1);
    if (IsBreak(characters[i])) last_break = i + 1;
  }
  return characters.size();
}

// `text` without its middle.
std::string Shortened(std::string_view text, double mm) {
  const std::vector<std::string_view> characters = Characters(text);
  std::string head, tail;
  double used = TextMm("…");
  for (std::size_t i = 0; 2 * i + 1 < characters.size(); ++i) {
    const std::string_view first = characters[i], last = characters[characters.size() - 1 - i];
    used += TextMm(first) + TextMm(last);
    if (used > mm) break;
    head += first;
    tail.insert(0, last);
  }
  return head + "…" + tail;
}

std::vector<std::string> Wrapped(std::string_view text, double mm) {
  const std::vector<std::string_view> characters = Characters(text);
  std::vector<std::string> lines;
  for (std::size_t from = 0; from < characters.size();) {
    const std::size_t to = FirstLine(characters, from, mm);
    std::string line;
    for (; from < to; ++from) line += characters[from];
    if (line.ends_with(' ')) line.pop_back();
    lines.push_back(line);
  }
  if (lines.empty()) lines.emplace_back();
  return lines;
}

}  // namespace

double TextMm(std::string_view text) {
  double em = 0;
  for (const std::string_view character : Characters(text)) em += Em(character);
  return em * kTextPoints * 25.4 / 72;
}

std::vector<std::string> WrapMm(std::string_view text, double mm, std::size_t most_lines) {
  const std::string line = OneLine(text);
  std::vector<std::string> lines = Wrapped(line, mm);
  // Lines that end at breaks hold less than they could: shorten until it fits.
  for (double room = mm * static_cast<double>(most_lines); lines.size() > most_lines; room *= 0.95)
    lines = Wrapped(Shortened(line, room), mm);
  return lines;
}

double RoundStep(double span, double parts) {
  const double raw = span / parts;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  const double share = raw / power;
  return power * (share > 7 ? 10 : share > 3.2 ? 5 : share > 1.4 ? 2 : 1);
}

Pictures PaperPictures(const PaperScript& script, FigureWidth width, std::string data) {
  const std::string file = script.stem + ".gp";
  return {
      script.stem,
      fmt::format("# {0}; its numbers are in {1}.dat. Edit this file or that, then run `gnuplot {1}.gp`.\n"
                  "width = {2:.1f}  # mm, with a decimal point\n"
                  "font = 'Liberation Sans'\n"
                  "text_size = {3:.6g}  # points\n"
                  "dots = 300  # per inch, in the PNG\n"
                  "stem = '{1}'\n",
                  script.title, script.stem, width.mm, kTextPoints) +
          script.variables + "\n# ---- drawing: lengths are millimetres, lines are points ----\n" +
          DrawEveryFormat(file) + "line = 0.443 * text_size  # from one line of text to the next\n" +
          script.layout + kTerminals + script.body + "set output\n",
      std::move(data)};
}

}  // namespace headspec::report
