// One JSON object in its place in the page.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace headspec::report {

inline constexpr int kPageFormat = 1;

std::string PageWith(const nlohmann::ordered_json& document);

}  // namespace headspec::report
