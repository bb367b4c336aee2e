#include "experiment/token_roles.h"

#include <algorithm>
#include <cstddef>

namespace headspec::experiment {

std::vector<std::string> TokenRoles(const text::Encoded& encoded, int bos_id,
                                    const std::vector<text::TextRange>* prompt) {
  std::vector<std::string> roles;
  bool is_in_front = true;
  for (std::size_t i = 0; i < encoded.ids.size(); ++i) {
    const text::TokenPlace& place = encoded.places[i];
    const auto overlaps = [&place](const text::TextRange& range) { return place.range.Overlaps(range); };
    const bool is_of_prompt =
        !place.is_added && (prompt == nullptr || std::any_of(prompt->begin(), prompt->end(), overlaps));
    is_in_front = is_in_front && !is_of_prompt && encoded.ids[i] == bos_id;
    roles.emplace_back(is_of_prompt ? "text" : is_in_front ? "bos" : place.is_added ? "special" : "template");
  }
  return roles;
}

}  // namespace headspec::experiment
