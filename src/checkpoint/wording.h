// How this room speaks about files it distrusts: names from a file go into a message only through Quoted(),
// so a hostile or damaged file cannot break the line, repaint the terminal or print a megabyte.
#pragma once

#include <string>
#include <string_view>

#include "core/error.h"

namespace headspec::checkpoint {

// Error(kInput) "FILE: NAME: WHAT; NEXT". NAME is the safetensors crate's word where it has one.
Error Refusal(const std::string& file_name, std::string_view name, std::string_view what,
              const std::string& next);

// In double quotes, control characters escaped, cut after about 120 bytes.
std::string Quoted(std::string_view text);

}  // namespace headspec::checkpoint
