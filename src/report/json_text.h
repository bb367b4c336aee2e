// JSON as results.json is written: keys in the order they were put in, indent 2, a row of plain values on
// one line, doubles as Python writes them. NaN and infinities, which JSON lacks, become null.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace headspec::report {

// Ends with a newline. Invalid UTF-8 in strings becomes U+FFFD.
std::string JsonText(const nlohmann::ordered_json& value);

}  // namespace headspec::report
