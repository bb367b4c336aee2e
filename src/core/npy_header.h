// The header of an .npy array (numpy.lib.format, versions 1 to 3).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace headspec {

struct NpyHeader {
  std::string type;  // "<f8", "|u1"
  bool fortran_order = false;
  std::vector<std::size_t> shape;
  std::size_t data_offset = 0;
};

// Of the file that begins with `bytes`. `name` is for messages, `next` says there what to do. Throws
// Error(kInput).
NpyHeader ParseNpyHeader(std::string_view bytes, const std::string& name, const std::string& next);

}  // namespace headspec
