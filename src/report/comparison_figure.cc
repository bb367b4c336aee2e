#include "report/comparison_figure.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "report/gnuplot.h"
#include "report/table_text.h"
#include "report/text.h"

namespace headspec::report {
namespace {

// The part that is the same for every pair; the variables before it are written by DescribeComparisonFigure.
constexpr const char* kBody = R"gnuplot(
reset
set encoding utf8
# Sizes are points on paper: 15 x 9 inches, 140 dots per inch in the PNG.
font = "DejaVu Sans"
bold = font.":Bold"
if (format eq "png") {
  set terminal pngcairo noenhanced size 2100,1260 font font.",10" fontscale 1.45 linewidth 1.7 background "white"
}
if (format eq "svg") {
  # This terminal writes a font's name as it is: a comma would end the name, only an attribute makes it bold.
  font = "DejaVu Sans&#44; Verdana&#44; sans-serif"
  bold = font.'" font-weight="bold'
  set terminal svg noenhanced size 1440,864 font font.",10" fontscale 1.333 linewidth 1.15 background "white"
}
if (format eq "pdf") {
  set terminal pdfcairo noenhanced size 15in,9in font font.",10" fontscale 0.75 linewidth 1.9 background "white"
}
set output "figure.".format

set border lc rgb "#555555"
set tics out nomirror scale 0.5 textcolor rgb "#333333" font ",9"
set label 1 foot_note at screen 0.012,0.018 left font ",9" textcolor rgb "#444444"
set multiplot title headline font bold.",13" offset 0,-0.4
left(i) = 0.05 + 0.325 * i
right(i) = left(i) + 0.245
set style data image
unset key

sequential = "set palette defined (0 '#440154', 0.25 '#3b528b', 0.5 '#21918c', 0.75 '#5ec962', 1 '#fde725')"
diverging = "set palette defined (-1 '#2166ac', -0.5 '#92c5de', 0 '#f7f7f7', 0.5 '#f4a582', 1 '#b2182b')"

# ---- head maps ----
set tmargin at screen 0.885
set bmargin at screen 0.555
set xlabel "Head" offset 0,0.4
set ylabel "Layer" offset 0.3,0
# Counts have no halves.
steps = "if (count <= 10) { set ytics 1 } else { set ytics autofreq }"
eval(sequential)
set cbrange [map_low:map_high]
do for [i = 0:1] {
  set lmargin at screen left(i)
  set rmargin at screen right(i)
  set xrange [-0.5:(i == 0 ? base_heads : tuned_heads) - 0.5]
  set yrange [-0.5:(i == 0 ? base_layers : tuned_layers) - 0.5]
  count = i == 0 ? base_layers : tuned_layers
  eval(steps)
  set title (i == 0 ? base_title : tuned_title) font bold.",11" offset 0,-0.4
  plot "figure.dat" index i matrix notitle
  unset label 1
}
set lmargin at screen left(2)
set rmargin at screen right(2)
set title "Entropy, tuned - base" font bold.",11"
if (has_difference) {
  eval(diverging)
  set cbrange [-difference:difference]
  plot "figure.dat" index 2 matrix notitle
} else {
  set label 2 "layers or heads differ: no difference" at graph 0.5,0.5 center textcolor rgb "#666666"
  plot NaN with lines notitle
  unset label 2
}

# ---- variance of the layers ----
set tmargin at screen 0.435
set bmargin at screen 0.105
set lmargin at screen left(0)
set rmargin at screen right(0)
set title "Variance over heads" font bold.",11"
set ytics autofreq
set xlabel "Layer"
unset ylabel
set xrange [0:(base_layers > tuned_layers ? base_layers : tuned_layers) - 1 + 1e-9]
set yrange [0:1.3 * variance_high]  # room for the legend
set format y "%.2g"
set grid ytics lc rgb "#e4e4e4" lw 0.8 lt 1
set key top right samplen 2 spacing 1.2 font ",9.5"
plot "figure.dat" index 5 using 1:2 with linespoints pt 7 ps 0.5 lw 1.8 lc rgb "#3498db" title "base", \
     "figure.dat" index 6 using 1:2 with linespoints pt 5 ps 0.5 lw 1.8 lc rgb "#e67e22" title "tuned"

# ---- correlations ----
unset grid
unset key
set format y "%g"
set xlabel "Head"
set ylabel "Head" offset 0.3,0
eval(diverging)
set cbrange [-1:1]
do for [i = 0:1] {
  set lmargin at screen left(i + 1)
  set rmargin at screen right(i + 1)
  heads = i == 0 ? base_heads : tuned_heads
  count = heads
  eval(steps)
  set xrange [-0.5:heads - 0.5]
  set yrange [-0.5:heads - 0.5]
  set title (i == 0 ? base_correlation_title : tuned_correlation_title) font bold.",11"
  plot "figure.dat" index i + 3 matrix notitle
}
unset multiplot
set output
)gnuplot";

std::string CurveText(std::string_view title, const std::vector<double>& values) {
  std::string text = fmt::format("# {}: layer, variance\n", title);
  for (std::size_t i = 0; i < values.size(); ++i) text += fmt::format("{} {}\n", i, PythonFloat(values[i]));
  return text + "\n\n";
}

// Blocks in the order of the script's indices.
std::string DataText(const Comparison& comparison) {
  const PairSide& base = comparison.base;
  const PairSide& tuned = comparison.tuned;
  const Table nothing = {{0}};
  return MatrixText("base: entropy, layers x heads", base.entropies) +
         MatrixText("tuned: entropy, layers x heads", tuned.entropies) +
         MatrixText("tuned - base", comparison.map_difference.value_or(nothing)) +
         MatrixText("base: correlation, heads x heads", base.head_correlation) +
         MatrixText("tuned: correlation, heads x heads", tuned.head_correlation) +
         CurveText("base", base.layer_variances) + CurveText("tuned", tuned.layer_variances);
}

std::string MapVariables(const Comparison& comparison) {
  const Range map = SpanOf({&comparison.base.entropies, &comparison.tuned.entropies});
  const double difference = comparison.map_difference ? LargestOf(*comparison.map_difference) : 1;
  double variance = 1e-12;
  for (const PairSide* side : {&comparison.base, &comparison.tuned}) {
    for (const double value : side->layer_variances) variance = std::max(variance, value);
  }
  return fmt::format(
      "variance_high = {:.17g}\nmap_low = {:.17g}\nmap_high = {:.17g}\nhas_difference = {}\ndifference = "
      "{:.17g}\n",
      variance, map.low, map.high, comparison.map_difference ? 1 : 0, difference);
}

std::string SideVariables(const char* role, const PairSide& side) {
  return fmt::format(
      "{0}_layers = {1}\n{0}_heads = {2}\n{0}_title = {3}\n{0}_correlation_title = {4}\n", role, side.layers,
      side.heads, GnuplotString(Truncate(fmt::format("Entropy, {}: {}", role, ShortName(side.name)), 46)),
      GnuplotString(fmt::format("Correlation of heads, {}: SI {:.4f}", role, side.specialization_index)));
}

}  // namespace

Figure DescribeComparisonFigure(const Comparison& comparison) {
  const PairDelta& index = comparison.deltas.front();
  const std::string headline = fmt::format(
      "{} against {}: {}, SI difference {:+.4f}", Truncate(OneLine(ShortName(comparison.tuned.name)), 40),
      Truncate(OneLine(ShortName(comparison.base.name)), 40), comparison.verdict.code, index.value);
  Figure figure;
  figure.script = "# The figure of one headspec comparison; its numbers are in figure.dat.\n" +
                  fmt::format("headline = {}\nfoot_note = {}\n", GnuplotString(headline),
                              GnuplotString(Truncate(index.null_reading, 180))) +
                  MapVariables(comparison) + SideVariables("base", comparison.base) +
                  SideVariables("tuned", comparison.tuned) + "\n# ---- drawing ----\n" +
                  DrawEveryFormat("figure.gp") + kBody;
  figure.data = DataText(comparison);
  return figure;
}

}  // namespace headspec::report
