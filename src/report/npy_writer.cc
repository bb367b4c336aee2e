#include "report/npy_writer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <string_view>

#include "core/utf8.h"
#include "report/text.h"

static_assert(std::endian::native == std::endian::little, "arrays are written as they lie in memory");

namespace headspec::report {
namespace {

constexpr std::size_t kAlignment = 64;  // of the data, as numpy writes it

std::string Header(std::string_view type, const NpyShape& shape) {
  std::string dict = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}", type,
                                 fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
  constexpr std::size_t kBefore = 10;  // magic, version, length
  dict.append(kAlignment - 1 - (kBefore + dict.size()) % kAlignment, ' ');
  dict += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(dict.size() & 0xff);
  header += static_cast<char>(dict.size() >> 8);
  return header + dict;
}

std::string_view BytesOf(const void* data, std::size_t bytes) {
  return {static_cast<const char*>(data), bytes};
}

std::u32string CodePoints(const std::string& text) {
  const std::string valid = OneLine(text);
  std::u32string points;
  for (std::string_view rest = valid; !rest.empty();) {
    const std::string_view character = rest.substr(0, Utf8Length(rest));
    points += Utf8CodePoint(character);
    rest.remove_prefix(character.size());
  }
  return points;
}

}  // namespace

std::string Npy(const NpyShape& shape, std::span<const double> values) {
  return Header("<f8", shape).append(BytesOf(values.data(), values.size_bytes()));
}

std::string Npy(const NpyShape& shape, std::span<const std::int64_t> values) {
  return Header("<i8", shape).append(BytesOf(values.data(), values.size_bytes()));
}

std::string Npy(const NpyShape& shape, std::span<const std::uint8_t> values) {
  return Header("|u1", shape).append(BytesOf(values.data(), values.size_bytes()));
}

std::string Npy(const std::vector<std::string>& values) {
  std::vector<std::u32string> texts;
  std::size_t width = 1;
  for (const std::string& value : values) {
    texts.push_back(CodePoints(value));
    width = std::max(width, texts.back().size());
  }
  std::string bytes = Header(fmt::format("<U{}", width), {values.size()});
  for (std::u32string& text : texts) {
    text.resize(width);
    bytes += BytesOf(text.data(), text.size() * sizeof(char32_t));
  }
  return bytes;
}

}  // namespace headspec::report
