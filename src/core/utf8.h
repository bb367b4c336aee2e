// UTF-8, checked as Unicode 15 defines it (table 3-7): no overlong forms, no surrogates, nothing beyond
// U+10FFFF.
#pragma once

#include <cstddef>
#include <string_view>

namespace headspec {

// Bytes of the well-formed character that `text` starts with; 0 if it starts with none.
std::size_t Utf8Length(std::string_view text);

// Position of the first byte that is not part of a well-formed character, or npos.
std::size_t FindInvalidUtf8(std::string_view text);

// The code point of one well-formed character.
char32_t Utf8CodePoint(std::string_view character);

}  // namespace headspec
