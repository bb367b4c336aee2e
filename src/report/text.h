// Small text helpers of this room: numbers as Python writes them, UTF-8 made safe, widths on a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace headspec::report {

// The shortest digits that read back as the same double, laid out as Python's repr: "0.33", "14.0", "1e-05".
// NaN and infinities give "nan", "inf" and "-inf".
std::string PythonFloat(double value);

// Valid UTF-8 in one line: control characters become spaces, invalid bytes U+FFFD.
std::string OneLine(std::string_view text);

// One field of a CSV file, quoted as RFC 4180 does where it must be.
std::string CsvField(std::string_view text);

// Terminal columns that `text` takes: 0 for combining marks, 2 for East Asian wide characters and emoji.
std::size_t DisplayWidth(std::string_view text);

// Filled with spaces on the right up to `width` columns; longer text is returned as it is.
std::string PadRight(std::string_view text, std::size_t width);

// At most `width` columns, the cut marked by an ellipsis.
std::string Truncate(std::string_view text, std::size_t width);

}  // namespace headspec::report
