#include "report/sweep_script.h"

namespace headspec::report {

const char* const kSweepLayout =
    R"gnuplot(key_height = key_rows > 0 && keys + has_intervals + has_nulls > 0 ? 1.15 * line * key_rows + 1 : 0
bottom = (exists("place_title") ? 1.4 * line : 0) + key_height + 0.8
height = panels_height + bottom
)gnuplot";

const char* const kSweepKey = R"gnuplot(set border 0
unset tics
unset xlabel
unset grid
unset logscale
set margins at screen 0, screen 1, screen 0, screen 1
set xrange [0:1]
set yrange [0:1]
do for [i = 1:keys + has_intervals + has_nulls] {
  kx = 2 + ((i - 1) / key_rows) * key_width
  ky = key_height - (0.6 + 1.15 * ((i - 1) % key_rows)) * line
  if (i <= keys) {
    entry_colour = word(key[i], 1)
    set arrow i from screen x(kx),y(ky) to screen x(kx + 5),y(ky) nohead lw 1.5 lc rgb entry_colour
    entry = key[i][9:*]
  } else {
    is_interval = i == keys + 1 && has_intervals
    entry_colour = is_interval ? colour[1] : null_colour
    if (is_interval && !connected) {
      set arrow i from screen x(kx),y(ky) to screen x(kx + 5),y(ky) nohead lw 1 lc rgb entry_colour
    } else {
      set object i rectangle from screen x(kx),y(ky - 0.3 * line) to screen x(kx + 5),y(ky + 0.3 * line) \
        fs transparent solid (is_interval ? 0.28 : connected ? 0.55 : 1) noborder fc rgb entry_colour
    }
    entry = is_interval ? "95 % interval over prompts" : "heads shuffled within layers, 95 %"
  }
  set label 100 + i entry at screen x(kx + 6.5),y(ky)
}
plot NaN notitle
unset multiplot
)gnuplot";

const char* const kSweepBody = R"gnuplot(
null_colour = '#c4c4c4'
set datafile separator tab
data = stem.".dat"
number(p, i) = real(word(panel[p], i))
# Points that a line joins, and those that stand alone: step 0 on a logarithmic axis, and all without steps.
joined(place) = connected && !(has_break && place <= 0) ? place : NaN
alone(place) = connected ? (has_break && place <= 0 ? zero_at : NaN) : place
beside = is_log ? (place_high / place_low) ** 0.008 : 0.008 * (place_high - place_low)
before(place) = is_log ? place / beside : place - beside
after(place) = is_log ? place * beside : place + beside
if (is_log) { set logscale x 10 }
set multiplot
do for [p = 1:panels] {
  px = number(p, 1)
  py = height - number(p, 2)
  c = int(number(p, 9))
  set lmargin at screen x(px)
  set rmargin at screen x(px + number(p, 3))
  set tmargin at screen y(py)
  set bmargin at screen y(py - number(p, 4))
  set xrange [place_low:place_high]
  set yrange [number(p, 5):number(p, 6)]
  set ytics number(p, 7) scale 0.4
  set format y (int(number(p, 12)) ? word(panel[p], 8) : "")
  eval "set xtics (".place_tics.") scale 0.4"
  set format x (int(number(p, 11)) ? "%g" : "")
  if (!int(number(p, 11))) { eval "set xtics (".hidden_tics.") scale 0.4" }
  set label 1 panel_title[p] at screen x(px),y(py + 0.8 * line)
  set label 2 panel_label[p] at screen x(px - 2.9 * line),y(py - 0.5 * number(p, 4)) center rotate by 90
  if (has_break) {
    set label 3 "//" at first break_at,graph 0 center front
  }
  set grid ytics ls 1
  # A few curves have their bands; more would hide one another.
  plot \
    for [i = 1:(int(number(p, 10)) && has_nulls ? words(panel_series[p]) : 0)] data index int(word(panel_series[p], i)) \
      using (joined($1)):2:3 with filledcurves fs transparent solid 0.55 noborder lc rgb null_colour notitle, \
    for [i = 1:(int(number(p, 10)) && has_nulls ? words(panel_series[p]) : 0)] data index int(word(panel_series[p], i)) \
      using (alone($1)):2:(before(alone($1))):(after(alone($1))):2:3 with boxxyerror fs solid noborder lc rgb null_colour notitle, \
    for [i = 1:(has_bands ? words(panel_series[p]) : 0)] data index int(word(panel_series[p], i)) \
      using (joined($1)):(column(c + 1)):(column(c + 2)) with filledcurves fs transparent solid 0.28 noborder \
      lc rgb colour[1 + int(word(panel_series[p], i))] notitle, \
    for [i = 1:words(panel_series[p])] data index int(word(panel_series[p], i)) \
      using (joined($1)):(column(c)) with lines lw 1 lc rgb colour[1 + int(word(panel_series[p], i))] notitle, \
    for [i = 1:(has_bands ? words(panel_series[p]) : 0)] data index int(word(panel_series[p], i)) \
      using (joined($1)):(column(c)) with points pt 7 ps 0.6*dot lc rgb colour[1 + int(word(panel_series[p], i))] notitle, \
    for [i = 1:words(panel_series[p])] data index int(word(panel_series[p], i)) \
      using (alone($1)):(column(c + 1)):(0):(column(c + 2) - column(c + 1)) with vectors nohead lw 1 \
      lc rgb colour[1 + int(word(panel_series[p], i))] notitle, \
    for [i = 1:words(panel_series[p])] data index int(word(panel_series[p], i)) \
      using (alone($1)):(column(c)) with points pt 7 ps 1.0*dot lc rgb colour[1 + int(word(panel_series[p], i))] notitle
  unset label
}
set label 1 place_title at screen x(0.5 * (width + number(1, 1))),y(key_height + 0.9 * line) center
)gnuplot";

const char* const kSweepNamesBody = R"gnuplot(
null_colour = '#c4c4c4'
connected = 0
set datafile separator tab
data = stem.".dat"
number(p, i) = real(word(panel[p], i))
set multiplot
do for [p = 1:panels] {
  px = number(p, 1)
  py = height - number(p, 2)
  c = int(number(p, 9))
  set lmargin at screen x(px)
  set rmargin at screen x(px + number(p, 3))
  set tmargin at screen y(py)
  set bmargin at screen y(py - number(p, 4))
  set border 1
  set xrange [number(p, 5):number(p, 6)]
  set yrange [lines - 0.5:-0.5]  # lines count downwards
  set xtics number(p, 7) scale 0.4
  set format x word(panel[p], 8)
  set ytics scale 0 ()
  do for [i = 1:lines] {
    set ytics add ("" i - 1)
    if (p == 1) { set label 1000 + i names[i] at screen x(px - 1.5),y(py - (i - 0.5) * number(p, 4) / lines) right }
  }
  set grid ytics ls 1
  set label 1 panel_title[p] at screen x(px),y(py + 0.8 * line)
  plot \
    data using (p == 1 ? $5 : NaN):1:5:6:($1 - 0.3):($1 + 0.3) with boxxyerror fs solid noborder lc rgb null_colour notitle, \
    data using (column(c + 1)):1:(column(c + 2) - column(c + 1)):(0) with vectors nohead lw 1 lc rgb colour[1] notitle, \
    data using (column(c)):1 with points pt 7 ps 1.3*dot lc rgb colour[1] notitle
  unset label
}
)gnuplot";

}  // namespace headspec::report
