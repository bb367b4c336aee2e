// The sanity check's part of a results.json.
#pragma once

#include <vector>

#include "headspec/result.h"
#include "report/json_reader.h"

namespace headspec::report {

SanityOverride ReadOverride(const JsonReader& json);

// One of `sanity_attempts`.
SanityResult ReadAttempt(const JsonReader& json);

// `sanity_result`; `attempts` know what the notebook's keys leave out.
SanityResult ReadSanity(const JsonReader& json, const std::vector<SanityResult>& attempts);

}  // namespace headspec::report
