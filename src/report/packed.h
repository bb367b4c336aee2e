// Numbers as the page of report.html reads them: large tables in base64 rather than digit by digit.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace headspec::report {

std::string Base64(std::string_view bytes);

// Without header or checksum, as browsers' DecompressionStream("deflate-raw") reads it.
std::string Deflate(const std::vector<std::uint8_t>& bytes);

// Replaces every table of at least 64 floats in `json`, of two dimensions or more, by
// {"f32": base64 of little-endian float32 in row-major order, "shape": [...]}; null becomes NaN. Tables that
// float32 cannot hold stay as they are.
void PackTables(nlohmann::ordered_json& json);

}  // namespace headspec::report
