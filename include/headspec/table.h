// A small dense table of doubles, [rows][columns]: per-head values are [layers][heads].
#pragma once

#include <vector>

namespace headspec {

using Table = std::vector<std::vector<double>>;  // all rows of one length

}  // namespace headspec
