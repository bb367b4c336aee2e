// Where the user's message lies in the text that a chat template made of it. Found by rendering a message
// that no template can hold by chance: what stands around it is the template's.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/token_place.h"

namespace headspec::text {

struct PromptPlace {
  std::vector<TextRange> ranges;  // several where the template repeats the message
  bool is_trimmed = false;        // the template left something out at the message's ends
};

class PromptFinder {
 public:
  // `render` makes the text of a message. It may throw Error, on the probe too.
  explicit PromptFinder(const std::function<std::string(std::string_view)>& render);

  // Of `prompt` in `rendered`, which is its rendering; nothing where the template altered it.
  std::optional<PromptPlace> Find(std::string_view rendered, std::string_view prompt) const;

 private:
  std::vector<std::string> around_;  // the template's text before, between and after the message
};

}  // namespace headspec::text
