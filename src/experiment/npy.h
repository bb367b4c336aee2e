// The .npy array format (numpy.lib.format, versions 1 to 3): little-endian float32 and float64.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace headspec::experiment {

struct NpyArray {
  std::vector<std::size_t> shape;
  std::vector<double> values;  // in C order, whatever the file's order
};

// `name` is for messages. Throws Error(kInput).
NpyArray ParseNpy(std::string_view bytes, const std::string& name);

}  // namespace headspec::experiment
