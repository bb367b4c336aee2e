#include "checkpoint/wording.h"

#include <fmt/format.h>

namespace headspec::checkpoint {
namespace {

constexpr std::size_t kLongestQuote = 120;

bool Between(unsigned char byte, int low, int high) { return byte >= low && byte <= high; }

// Length of the well-formed sequence that `text` starts with (Unicode 15, table 3-7), or 0.
std::size_t SequenceLength(std::string_view text) {
  const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0; };
  const auto tail = [&](std::size_t i) { return Between(static_cast<unsigned char>(at(i)), 0x80, 0xBF); };
  const auto lead = static_cast<unsigned char>(at(0));
  const auto second = static_cast<unsigned char>(at(1));
  if (lead < 0x80) return 1;
  if (Between(lead, 0xC2, 0xDF)) return tail(1) ? 2 : 0;
  if (Between(lead, 0xE0, 0xEF)) {
    const int low = lead == 0xE0 ? 0xA0 : 0x80;
    const int high = lead == 0xED ? 0x9F : 0xBF;
    return Between(second, low, high) && tail(2) ? 3 : 0;
  }
  if (Between(lead, 0xF0, 0xF4)) {
    const int low = lead == 0xF0 ? 0x90 : 0x80;
    const int high = lead == 0xF4 ? 0x8F : 0xBF;
    return Between(second, low, high) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

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
    const std::size_t length = SequenceLength(text.substr(position));
    const std::string_view sequence = text.substr(position, length == 0 ? 1 : length);
    const bool plain = length != 0 && !IsControl(sequence);
    if (sequence == "\"" || sequence == "\\") out += '\\';
    out += plain ? std::string(sequence) : Escaped(sequence);
    position += sequence.size();
  }
  return out + (position < text.size() ? "...\"" : "\"");
}

std::size_t FindInvalidUtf8(std::string_view text) {
  std::size_t position = 0;
  while (position < text.size()) {
    const std::size_t length = SequenceLength(text.substr(position));
    if (length == 0) return position;
    position += length;
  }
  return std::string_view::npos;
}

}  // namespace headspec::checkpoint
