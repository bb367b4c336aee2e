// Safetensors files built byte by byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace headspec::checkpoint {

// `header_length` little-endian, then the header, then `data`.
inline std::string FileWithLength(std::uint64_t header_length, std::string_view rest) {
  std::string file;
  for (int i = 0; i < 8; ++i) file += static_cast<char>(header_length >> (8 * i) & 0xFF);
  return file.append(rest);
}

inline std::string SafetensorsFile(std::string_view header, std::string_view data = {}) {
  return FileWithLength(header.size(), std::string(header).append(data));
}

inline std::span<const std::byte> Bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

inline std::string Text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace headspec::checkpoint
