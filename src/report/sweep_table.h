// table.csv: one row for each cell of a sweep, repeats, failures and missing ones included.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "headspec/sweep.h"

namespace headspec::report {

// Columns as docs/sweeps.md lists them. What is not there is an empty field.
std::string SweepTable(const SweepResult& result);

// "measured", "failed" or "missing".
const char* StatusOf(const SweepRow& row);
// Head metrics that any of the points has, in the order in which they appear.
std::vector<std::string> SweepMetrics(const SweepResult& result);
// "70.4M", "1.01B", "191K"
std::string ParametersLabel(std::uint64_t parameters);
// As the plan states it, else what the weights hold. Empty if nobody knows.
std::string SweepSize(const SweepRow& row);

}  // namespace headspec::report
