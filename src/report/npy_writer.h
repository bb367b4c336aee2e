// Bytes of one .npy file (numpy.lib.format, version 1.0).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace headspec::report {

using NpyShape = std::vector<std::size_t>;

// `values` in C order, as many as the shape says.
std::string Npy(const NpyShape& shape, std::span<const double> values);        // float64
std::string Npy(const NpyShape& shape, std::span<const std::int64_t> values);  // int64
std::string Npy(const NpyShape& shape, std::span<const std::uint8_t> values);  // uint8
// One dimension of fixed-width Unicode strings; invalid UTF-8 becomes U+FFFD.
std::string Npy(const std::vector<std::string>& values);

}  // namespace headspec::report
