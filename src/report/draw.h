// Pictures beside numbers: they may fail, and the numbers are written all the same.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/progress.h"

namespace headspec::report {

// Adds to `names` the files that `render` names. Returns why there are none, or "". Throws
// Error(kInterrupted).
std::string Draw(const std::string& what, std::vector<std::string>& names, Progress& progress,
                 const std::function<std::vector<std::string>()>& render);

}  // namespace headspec::report
