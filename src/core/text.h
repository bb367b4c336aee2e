// Small questions about text that several rooms ask.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace headspec {

// Without the spaces, tabs and line ends around it.
inline std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// So many lower-case hexadecimal digits and nothing else.
inline bool IsHex(std::string_view text, std::size_t digits) {
  return text.size() == digits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// "1.50 GB", below a gigabyte "12.00 MB".
std::string AmountText(std::uint64_t bytes);

}  // namespace headspec
