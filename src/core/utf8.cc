#include "core/utf8.h"

namespace headspec {
namespace {

bool Between(unsigned char byte, int low, int high) { return byte >= low && byte <= high; }

}  // namespace

std::size_t Utf8Length(std::string_view text) {
  if (text.empty()) return 0;
  const auto at = [text](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : static_cast<unsigned char>(0);
  };
  const auto continues = [&at](std::size_t i) { return Between(at(i), 0x80, 0xBF); };
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  if (Between(lead, 0xC2, 0xDF)) return continues(1) ? 2 : 0;
  if (Between(lead, 0xE0, 0xEF)) {
    const int low = lead == 0xE0 ? 0xA0 : 0x80;
    const int high = lead == 0xED ? 0x9F : 0xBF;
    return Between(at(1), low, high) && continues(2) ? 3 : 0;
  }
  if (Between(lead, 0xF0, 0xF4)) {
    const int low = lead == 0xF0 ? 0x90 : 0x80;
    const int high = lead == 0xF4 ? 0x8F : 0xBF;
    return Between(at(1), low, high) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

std::size_t FindInvalidUtf8(std::string_view text) {
  std::size_t position = 0;
  while (position < text.size()) {
    const std::size_t length = Utf8Length(text.substr(position));
    if (length == 0) return position;
    position += length;
  }
  return std::string_view::npos;
}

char32_t Utf8CodePoint(std::string_view character) {
  const auto lead = static_cast<unsigned char>(character.front());
  if (character.size() == 1) return lead;
  char32_t code_point = lead & (0x7FU >> character.size());
  for (const char byte : character.substr(1))
    code_point = (code_point << 6) | (static_cast<unsigned char>(byte) & 0x3FU);
  return code_point;
}

}  // namespace headspec
