// Runs gnuplot on a script without a shell.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/progress.h"

namespace headspec::report {

// `text` as a gnuplot string that means exactly it: nothing in it is expanded, run or escaped.
std::string GnuplotString(std::string_view text);

// The same of several lines, as one expression: single-quoted strings cannot hold line ends.
std::string GnuplotLines(const std::vector<std::string>& lines);

// The beginning of a script's drawing part: `script`, run by hand, draws itself in every format that we
// write, which it finds in the variable `format`.
std::string DrawEveryFormat(std::string_view script);

// Runs `gnuplot -d scripts...` in `folder`. Throws Error(kSystem) if gnuplot is not on PATH, and with its
// first line of complaint if it fails.
void RunGnuplot(const std::filesystem::path& folder, const std::vector<std::string>& scripts,
                const Progress* progress = nullptr);

}  // namespace headspec::report
