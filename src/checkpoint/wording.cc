#include "checkpoint/wording.h"

#include <fmt/format.h>

#include "core/utf8.h"

namespace headspec::checkpoint {
namespace {

constexpr std::size_t kLongestQuote = 120;

// C0 and C1 controls and the Unicode line ends: whatever a terminal or a log would act upon.
bool IsControl(std::string_view sequence) {
  const auto first = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1) return first < 0x20 || first == 0x7F;
  if (sequence.size() == 2) return first == 0xC2 && static_cast<unsigned char>(sequence[1]) < 0xA0;
  return sequence == "\xE2\x80\xA8" || sequence == "\xE2\x80\xA9";
}

std::string Escaped(std::string_view bytes) {
  std::string out;
  for (const char byte : bytes) out += fmt::format("\\x{:02X}", static_cast<unsigned char>(byte));
  return out;
}

}  // namespace

Error Refusal(const std::string& file_name, std::string_view name, std::string_view what,
              const std::string& next) {
  return Error(ErrorKind::kInput, fmt::format("{}: {}: {}", file_name, name, what), next);
}

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  std::size_t position = 0;
  while (position < text.size() && out.size() <= kLongestQuote) {
    const std::size_t length = Utf8Length(text.substr(position));
    const std::string_view sequence = text.substr(position, length == 0 ? 1 : length);
    const bool plain = length != 0 && !IsControl(sequence);
    if (sequence == "\"" || sequence == "\\") out += '\\';
    out += plain ? std::string(sequence) : Escaped(sequence);
    position += sequence.size();
  }
  return out + (position < text.size() ? "...\"" : "\"");
}

}  // namespace headspec::checkpoint
