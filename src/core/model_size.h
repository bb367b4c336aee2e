// Model sizes as people write them.
#pragma once

#include <string_view>

namespace headspec {

// Billions of parameters from "1.3B", "500M", "0.5m", "50k" or "1.3" (billions, as the notebook reads it).
// Throws Error(kInput) if that is not a number above zero.
double ParseModelSize(std::string_view text);

}  // namespace headspec
