#include "core/npy_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/error.h"

namespace headspec {
namespace {

constexpr std::size_t kLongestHeader = 10000;  // numpy's own limit

// Where a failure is and what to do about it.
struct Place {
  const std::string& name;
  const std::string& next;

  [[noreturn]] void Fail(const std::string& problem) const {
    throw Error(ErrorKind::kInput, fmt::format("{}: {}", name, problem), next);
  }
};

std::size_t HeaderLength(std::string_view bytes, const Place& place, std::size_t& start) {
  if (bytes.size() < 12 || !bytes.starts_with("\x93NUMPY")) place.Fail("not an .npy array");
  const auto version = static_cast<unsigned char>(bytes[6]);
  if (version < 1 || version > 3)
    place.Fail(fmt::format("expected .npy format version 1 to 3, found {}", version));
  const std::size_t width = version == 1 ? 2 : 4;
  std::size_t length = 0;
  for (std::size_t i = 0; i < width; ++i)
    length |= static_cast<std::size_t>(static_cast<unsigned char>(bytes[8 + i])) << (8 * i);
  start = 8 + width;
  if (length > bytes.size() - start)
    place.Fail(fmt::format("truncated: header of {} bytes in a file of {}", length, bytes.size()));
  return length;
}

constexpr std::string_view kBlanks = " \t\r\n";

std::string_view SkipBlanks(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  return text;
}

// What follows `'key':` in the header, a Python dict: up to `close`, which is left out, after `open`.
std::optional<std::string_view> ValueOf(std::string_view text, std::string_view key, std::string_view open,
                                        std::string_view close) {
  const std::size_t at = text.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  text = SkipBlanks(text.substr(at + key.size()));
  if (!text.starts_with(':')) return std::nullopt;
  text = SkipBlanks(text.substr(1));
  if (!text.starts_with(open)) return std::nullopt;
  text.remove_prefix(open.size());
  const std::size_t end = text.find_first_of(close);
  if (end == std::string_view::npos) return std::nullopt;
  return text.substr(0, end);
}

// "32, 71": digits, commas and blanks.
std::optional<std::vector<std::size_t>> ParseShape(std::string_view text) {
  std::vector<std::size_t> shape;
  if (text.find_first_not_of("0123456789, \t\r\n") != std::string_view::npos) return std::nullopt;
  while (true) {
    text.remove_prefix(std::min(text.find_first_of("0123456789"), text.size()));
    if (text.empty()) return shape;
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    if (digits > 9) return std::nullopt;
    shape.push_back(std::stoul(std::string(text.substr(0, digits))));
    text.remove_prefix(digits);
  }
}

}  // namespace

NpyHeader ParseNpyHeader(std::string_view bytes, const std::string& name, const std::string& next) {
  const Place place{name, next};
  NpyHeader header;
  std::size_t start = 0;
  const std::size_t length = HeaderLength(bytes, place, start);
  if (length > kLongestHeader)
    place.Fail(fmt::format("expected a header of at most {} bytes, found {}", kLongestHeader, length));
  const std::string_view text = bytes.substr(start, length);
  const auto type = ValueOf(text, "'descr'", "'", "'");
  if (!type) place.Fail("no 'descr' in the header");
  header.type = *type;
  const auto order = ValueOf(text, "'fortran_order'", "", ",} ");
  if (!order || (*order != "True" && *order != "False")) place.Fail("no 'fortran_order' in the header");
  header.fortran_order = *order == "True";
  const auto sizes = ValueOf(text, "'shape'", "(", ")");
  const auto shape = sizes ? ParseShape(*sizes) : std::nullopt;
  if (!shape) place.Fail("no 'shape' of numbers below a billion in the header");
  header.shape = *shape;
  header.data_offset = start + length;
  return header;
}

}  // namespace headspec
