// Tables as gnuplot reads and colours them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "headspec/comparison.h"
#include "headspec/table.h"

namespace headspec::report {

// A block of a data file: a comment, a line for each row, and the two empty lines that end it.
std::string MatrixText(std::string_view title, const Table& table);

// Lowest and highest of all finite values, apart even if all are equal; 0 to 1 where there is none.
Range SpanOf(const std::vector<const Table*>& tables);

// The largest distance from 0, never 0 itself.
double LargestOf(const Table& table);

bool HasGap(const Table& table);  // some value is not finite

// "Llama-3.1-8B" of "meta-llama/Llama-3.1-8B".
std::string_view ShortName(std::string_view name);

}  // namespace headspec::report
