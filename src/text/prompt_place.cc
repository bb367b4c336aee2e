#include "text/prompt_place.h"

#include <cstddef>
#include <utility>

#include "core/error.h"
#include "core/text.h"

namespace headspec::text {
namespace {

// Characters for private use.
constexpr std::string_view kProbe = "\uE000\uE001\uE000\uE002";

std::vector<std::string> Split(std::string_view text, std::string_view by) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t at = text.find(by); at != std::string_view::npos; at = text.find(by, begin)) {
    parts.emplace_back(text.substr(begin, at - begin));
    begin = at + by.size();
  }
  parts.emplace_back(text.substr(begin));
  return parts;
}

// The places of equal, non-empty messages between the parts; none where the text is another.
std::vector<TextRange> Between(std::string_view text, const std::vector<std::string>& around) {
  if (around.size() < 2) return {};
  std::size_t fixed = 0;
  for (const std::string& part : around) fixed += part.size();
  const std::size_t messages = around.size() - 1;
  if (text.size() <= fixed || (text.size() - fixed) % messages != 0) return {};
  const std::size_t length = (text.size() - fixed) / messages;
  const std::string_view message = text.substr(around.front().size(), length);
  std::vector<TextRange> ranges;
  std::string rebuilt = around.front();
  for (std::size_t i = 1; i < around.size(); ++i) {
    ranges.push_back({rebuilt.size(), rebuilt.size() + length});
    rebuilt += message;
    rebuilt += around[i];
  }
  return rebuilt == text ? ranges : std::vector<TextRange>{};
}

}  // namespace

PromptFinder::PromptFinder(const std::function<std::string(std::string_view)>& render) {
  try {
    around_ = Split(render(kProbe), kProbe);
  } catch (const Error&) {
    // A template may refuse what is no prompt; the prompt's own words have to be found then.
  }
}

std::optional<PromptPlace> PromptFinder::Find(std::string_view rendered, std::string_view prompt) const {
  if (std::vector<TextRange> ranges = Between(rendered, around_); !ranges.empty()) {
    const auto [begin, end] = ranges.front();
    const std::string_view message = rendered.substr(begin, end - begin);
    if (prompt.find(message) != std::string_view::npos)
      return PromptPlace{std::move(ranges), message.size() < prompt.size()};
  }
  // What stands around depends on the message: its own words tell, where they occur once.
  for (const std::string_view words : {prompt, Trim(prompt)}) {
    const std::size_t at = rendered.find(words);
    if (words.empty() || at == std::string_view::npos) continue;
    if (rendered.find(words, at + 1) != std::string_view::npos) return std::nullopt;
    return PromptPlace{{{at, at + words.size()}}, words.size() < prompt.size()};
  }
  return std::nullopt;
}

}  // namespace headspec::text
