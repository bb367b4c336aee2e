#include "report/figure_script.h"

namespace headspec::report {

const char* const kFigureScriptBody = R"gnuplot(
reset
set encoding utf8
# Sizes below are points on paper: 14 x 6 inches, 150 dots per inch in the PNG.
font = "DejaVu Sans"
bold = font.":Bold"
if (format eq "png") {
  set terminal pngcairo noenhanced size 2100,900 font font.",10" \
    fontscale 1.5625 linewidth 1.8 dashlength 1.2 pointscale 1.8 background "white"
}
if (format eq "svg") {
  # This terminal writes a font's name as it is: a comma would end the name, only an attribute makes it bold.
  font = "DejaVu Sans&#44; Verdana&#44; sans-serif"
  bold = font.'" font-weight="bold'
  set terminal svg noenhanced size 1344,576 font font.",10" \
    fontscale 1.333 linewidth 1.15 dashlength 1.2 background "white"
  set pointsize 1.15
}
if (format eq "pdf") {
  set terminal pdfcairo noenhanced size 14in,6in font font.",10" \
    fontscale 0.75 linewidth 1.9 dashlength 1.1 pointscale 1.0 background "white"
}
set output "figure.".format

set datafile separator tab
top = 0.0
largest = 16.0
count = 1
has_trend = 0
log_sizes = 0
# The top of what stands at a bar (its value, its interval, its null) and at a point. A column that is "nan"
# must not be read as a number: the whole row would be dropped. (Their argument only makes them functions.)
max(a, b) = a > b ? a : b
column_or_si(i) = strcol(i) eq "nan" ? column(2) : column(i)
point_top(row) = max(column(2), column_or_si(4))
bar_top(row) = max(point_top(row), column_or_si(6))
if (has_points) {
  stats "figure.dat" using (bar_top($0)) name "TOP" nooutput
  top = TOP_max
  count = TOP_records
  stats "figure.dat" using ($1*unit) name "SIZE" nooutput
  largest = SIZE_max
  # The notebook's figure has a linear axis of sizes; other ladders may span too much for it.
  log_sizes = SIZE_max > 100 * SIZE_min && right_title eq "Size vs SI"
  has_trend = count >= 3 && SIZE_max > SIZE_min
}
scaled(size) = log_sizes ? log10(size) : size
if (has_trend) { stats "figure.dat" using (scaled($1*unit)):2 name "FIT" nooutput }

# The notebook's 0..16 holds its models; other ladders get about eight round steps. A point stays off the axis.
step(x) = x > 5 ? 10 : x > 2 ? 5 : x > 1 ? 2 : 1
nice(x) = step(x / 10**floor(log10(x))) * 10**floor(log10(x))
tick = nice(largest / 8)
x_low = 0
x_top = unit == 1 && largest >= 1.6 && largest <= 16 ? 16 : ceil(largest * 1.08 / tick) * tick
if (has_points && SIZE_min < 0.02 * x_top) { x_low = -0.02 * x_top }
if (log_sizes) {
  x_low = SIZE_min / 2.2
  x_top = SIZE_max * 2.2
}

trend_title = ""
trend_from = x_low
trend_to = x_top
trend(x) = NaN
if (has_trend) {
  trend_from = SIZE_min
  trend_to = SIZE_max
  trend(x) = FIT_slope * scaled(x) + FIT_intercept
  digits = abs(FIT_slope) >= 5e-5 || FIT_slope == 0 ? "%.4f" : "%.1e"
  trend_title = sprintf("Trend (slope=".digits."%s)", FIT_slope, log_sizes ? " per 10x" : slope_unit)
}

# The vertical axis is 0..1 and grows where bars and numbers need the room. A legend goes to the right where
# it covers nothing, else to the left, else the axis grows for it too. Places are shares of a panel's width.
turned = count > 18 ? 90 : 0
number_room = turned ? 0.12 : 0.07
side = count < 4 ? 2.7 - 0.5 * count : 0.7  # a short ladder keeps its bars slim
bar_at(i) = (i + side) / (count - 1 + 2 * side)
bar_half = 0.45 / (count - 1 + 2 * side)
point_at(size) = (scaled(size) - scaled(x_low)) / (scaled(x_top) - scaled(x_low))
legend_width(characters) = 0.16 + 0.0115 * characters
left_lines = 2*has_target + has_intervals + has_nulls
under_legend(y, lines) = (y + number_room) / (0.985 - 0.0575 * lines)
needed = top + number_room
left_key = "right"
right_key = "right"
if (has_points && left_lines) {
  characters = has_target ? max(strlen(target_title), strlen(tolerance_title)) : 0
  characters = max(characters, has_intervals ? strlen(interval_title) : 0)
  width = legend_width(max(characters, has_nulls ? strlen(null_title) : 0))
  stats "figure.dat" using (bar_at($0) + bar_half > 1 - width ? bar_top($0) : 0) name "BARS" nooutput
  high_right = under_legend(BARS_max, left_lines)
  stats "figure.dat" using (bar_at($0) - bar_half < width ? bar_top($0) : 0) name "BARS" nooutput
  high_left = under_legend(BARS_max, left_lines)
  if (high_right > max(needed, 1.0) && high_left < high_right) { left_key = "left" }
  needed = max(needed, left_key eq "left" ? high_left : high_right)
}
if (has_points) {
  width = legend_width(max(strlen(series), strlen(trend_title)))
  stats "figure.dat" using (point_at($1*unit) + 0.02 > 1 - width ? point_top($0) : 0) name "POINTS" nooutput
  high_right = under_legend(POINTS_max, 2)
  stats "figure.dat" using (point_at($1*unit) - 0.02 < width ? point_top($0) : 0) name "POINTS" nooutput
  high_left = under_legend(POINTS_max, 2)
  if (high_right > max(needed, 1.0) && high_left < high_right) { right_key = "left" }
  needed = max(needed, right_key eq "left" ? high_left : high_right)
}
y_top = needed > 1 ? ceil(needed * 20) / 20.0 : 1.0

set style line 1 lc rgb "#008000" lw 2 dt (7,4)
set style line 2 lc rgb "#800080" lw 2 dt (7,4)
set style line 3 lc rgb "#e05252" lw 1.5 dt (7,4)
set border 3 lc rgb "#555555" lw 1
set tics out nomirror scale 0.6 textcolor rgb "#333333"
set grid ytics lc rgb "#e4e4e4" lw 0.8 lt 1
set grid back
set format y "%.1f"
set format x "%g"
set samples 2
set yrange [0:y_top]
set ytics 0.2
set ylabel "Specialization Index (SI)" font ",12" offset -0.2,0

if (foot_note ne "") {
  set label 1 foot_note at screen 0.012,0.022 left font ",8" textcolor rgb "#666666"
}
set multiplot layout 1,2 title headline offset 0,-0.3 font bold.",".headline_size \
  margins 0.062,0.985,0.135,headline_bottom spacing 0.085

# ---- left: the ladder ----
colour(size) = size < 3.8 ? 0x9b59b6 : 0x3498db
null_colour = "#f39c12"
small = count > 12 ? 8 : count > 9 ? 9 : 10
# A number stands above its bar, and above the target line where it would be struck through by it.
room = 0.045 * y_top
above(y) = has_target && y < target + 0.2 * room && y + room > target ? target + 0.3 * room : y
number_at(row) = above(bar_top(row) + 0.018 * y_top)
number(si) = sprintf("%.3f", abs(si) < 5e-4 ? 0 : si)

set key top right Left reverse samplen 2.2 spacing 1.25 width 1 font ",9.5"
if (left_key eq "left") { set key top left }
set title left_title font bold.",13" offset 0,-0.2
set xlabel "Model Size" font ",12"
set xrange [-side:count-1+side]
set style fill transparent solid 0.8 border lc rgb "black"
set xtics rotate by (crowded ? 35 : 0) font ",".small
if (crowded) { set xtics right }
if (!has_points) {
  unset xtics
  set label 2 "no model to show" at graph 0.5,0.69 center font ",12" textcolor rgb "#666666"
}

plot \
  [-side:count-1+side] "+" using 1:(has_target ? target - tolerance : NaN):(target + tolerance) \
    with filledcurves fs transparent solid 0.2 noborder lc rgb "#008000" notitle, \
  (has_points ? "figure.dat" : "/dev/null") using 0:2:(0.8):(colour($1)):xticlabels(7) \
    with boxes lc rgb variable notitle, \
  "" using 0:5:($0-0.4):($0+0.4):5:6 \
    with boxxyerror fs transparent solid 0.55 noborder lc rgb null_colour notitle, \
  "" using 0:3:(0):($4-$3) \
    with vectors heads size graph 0.011,90 lc rgb "black" lw 1.2 notitle, \
  (has_target ? target : NaN) with lines ls 1 title (has_target ? target_title : ""), \
  NaN with boxes fs transparent solid 0.2 noborder lc rgb "#008000" \
    title (has_target ? tolerance_title : ""), \
  NaN with lines lc rgb "black" lw 1.2 title (has_intervals ? interval_title : ""), \
  NaN with boxes fs transparent solid 0.55 noborder lc rgb null_colour title (has_nulls ? null_title : ""), \
  (has_points ? "figure.dat" : "/dev/null") using 0:(number_at($0)):(number($2)) \
    with labels font bold.",".small rotate by turned offset 0,(turned ? 1.2 : 0.45) notitle

# ---- right: the index against size ----
unset label 1
set title right_title
set key top right
if (right_key eq "left") { set key top left }
set xlabel size_title.(log_sizes ? ", log scale" : "")
if (log_sizes) { set logscale x 10 }
set xrange [x_low:x_top]
unset xtics
set xtics out nomirror scale 0.6 norotate textcolor rgb "#333333" font ",10" autofreq

plot \
  [x_low:x_top] "+" using 1:(has_target ? target - tolerance : NaN):(target + tolerance) \
    with filledcurves fs transparent solid 0.1 noborder lc rgb "#800080" notitle, \
  NaN with points pt 5 ps 1.6 lc rgb "#9b59b6" title (has_points ? series : ""), \
  (has_target ? target : NaN) with lines ls 2 notitle, \
  [trend_from:trend_to] "+" using 1:(trend($1)) with lines ls 3 title trend_title, \
  (has_points ? "figure.dat" : "/dev/null") using ($1*unit):3:(0):($4-$3) \
    with vectors heads size graph 0.008,90 lc rgb "black" lw 1.2 notitle, \
  (has_points ? "figure.dat" : "/dev/null") using ($1*unit):2 \
    with points pt 5 ps 1.9 lc rgb "#9b59b6" notitle, \
  "" using ($1*unit):2 with points pt 4 ps 1.9 lw 1.6 lc rgb "black" notitle
unset multiplot
set output
)gnuplot";

}  // namespace headspec::report
