// Indices of stored entropies as JSON: what `headspec si --json` prints.
#pragma once

#include <string>
#include <vector>

#include "headspec/index.h"

namespace headspec::report {

std::string IndexJson(const std::vector<StoredIndex>& indices);

}  // namespace headspec::report
