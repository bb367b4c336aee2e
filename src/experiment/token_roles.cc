#include "experiment/token_roles.h"

#include <algorithm>
#include <cstddef>

namespace headspec::experiment {
namespace {

// Without the blanks around it; what is nothing but blanks stays.
text::TextRange Trimmed(const text::TextRange& range, std::string_view text) {
  constexpr std::string_view kBlanks = " \t\n\v\f\r";
  const std::string_view held = text.substr(range.begin, range.end - range.begin);
  const std::size_t first = held.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return range;
  return {range.begin + first, range.begin + held.find_last_not_of(kBlanks) + 1};
}

bool IsOfPrompt(const text::TokenPlace& place, const EncodedText& from) {
  if (place.is_added) return false;
  if (from.prompt == nullptr) return true;
  const text::TextRange held = Trimmed(place.range, from.text);
  return std::any_of(from.prompt->begin(), from.prompt->end(),
                     [&held](const text::TextRange& range) { return held.Overlaps(range); });
}

}  // namespace

std::vector<std::string> TokenRoles(const text::Encoded& encoded, int bos_id, const EncodedText& from) {
  std::vector<std::string> roles;
  bool is_in_front = true;
  for (std::size_t i = 0; i < encoded.ids.size(); ++i) {
    const text::TokenPlace& place = encoded.places[i];
    const bool is_of_prompt = IsOfPrompt(place, from);
    is_in_front = is_in_front && !is_of_prompt && encoded.ids[i] == bos_id;
    roles.emplace_back(is_of_prompt ? "text" : is_in_front ? "bos" : place.is_added ? "special" : "template");
  }
  return roles;
}

}  // namespace headspec::experiment
