// report.html of a sweep: the page of report/page.h with kind "sweep". Its data:
//   format    1
//   kind      "sweep"
//   sweep     experiment, purpose, timestamp, headspec_version, readings, notes, curves as in sweep.json, and
//     cells     one list for each column, an entry for each cell of the plan: model, size, revision, step,
//     dtype,
//               prompts, variant, status, error, id, folder, repeat, parameters, layers, heads
//     values    by name ("si", "depth_share", "entropy" and the head metrics): three lists, value, low and
//     high null      three lists: low, high, p
// null stands where there is no number.
#pragma once

#include <string>

#include "headspec/sweep.h"

namespace headspec::report {

std::string SweepPage(const SweepResult& result);

}  // namespace headspec::report
