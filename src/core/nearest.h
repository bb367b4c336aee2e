// The word that was probably meant: for a mistyped key, option or command.
#pragma once

#include <string>
#include <vector>

namespace headspec {

// The candidate nearest to `word` by edit distance, or empty if none is near.
std::string Nearest(const std::string& word, const std::vector<std::string>& candidates);

}  // namespace headspec
