#include "metrics/token_matches.h"

#include <unordered_map>

namespace headspec::metrics {

TokenMatches::TokenMatches(std::span<const int> token_ids) {
  std::unordered_map<int, int> last;
  for (const int id : token_ids) {
    const int position = tokens();
    const auto [entry, is_new] = last.try_emplace(id, position);
    previous_.push_back(is_new ? -1 : entry->second);
    any_ = any_ || !is_new;
    entry->second = position;
  }
}

}  // namespace headspec::metrics
