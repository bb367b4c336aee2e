// What a server said, short enough for a line that people read.
#pragma once

#include <cstddef>
#include <string>

namespace headspec::hub {

inline std::string Excerpt(std::string text, std::size_t longest = 100) {
  if (text.size() > longest) text = text.substr(0, longest) + "...";
  return text;
}

}  // namespace headspec::hub
