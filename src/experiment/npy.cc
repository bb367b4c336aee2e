#include "experiment/npy.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>

#include "core/error.h"

static_assert(std::endian::native == std::endian::little, "arrays are read as they lie in the file");

namespace headspec::experiment {
namespace {

constexpr std::size_t kLongestHeader = 10000;  // numpy's own limit

[[noreturn]] void Fail(const std::string& name, const std::string& problem) {
  throw Error(ErrorKind::kInput, fmt::format("{}: {}", name, problem),
              "write it with numpy.save as float32 or float64, layers by heads");
}

struct Header {
  std::size_t data_offset = 0;
  std::size_t item_bytes = 0;
  bool fortran_order = false;
  std::vector<std::size_t> shape;
};

std::size_t HeaderLength(std::string_view bytes, const std::string& name, std::size_t& start) {
  if (bytes.size() < 12 || !bytes.starts_with("\x93NUMPY")) Fail(name, "not an .npy array");
  const auto version = static_cast<unsigned char>(bytes[6]);
  if (version < 1 || version > 3)
    Fail(name, fmt::format("expected .npy format version 1 to 3, found {}", version));
  const std::size_t width = version == 1 ? 2 : 4;
  std::size_t length = 0;
  for (std::size_t i = 0; i < width; ++i)
    length |= static_cast<std::size_t>(static_cast<unsigned char>(bytes[8 + i])) << (8 * i);
  start = 8 + width;
  if (length > bytes.size() - start)
    Fail(name, fmt::format("truncated: header of {} bytes in a file of {}", length, bytes.size()));
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

Header ParseHeader(std::string_view bytes, const std::string& name) {
  Header header;
  std::size_t start = 0;
  const std::size_t length = HeaderLength(bytes, name, start);
  if (length > kLongestHeader)
    Fail(name, fmt::format("expected a header of at most {} bytes, found {}", kLongestHeader, length));
  const std::string_view text = bytes.substr(start, length);
  const auto type = ValueOf(text, "'descr'", "'", "'");
  if (!type) Fail(name, "no 'descr' in the header");
  if (*type != "<f8" && *type != "<f4")
    Fail(name, fmt::format("expected type '<f8' or '<f4', found '{}'", *type));
  header.item_bytes = *type == "<f8" ? 8 : 4;
  const auto order = ValueOf(text, "'fortran_order'", "", ",} ");
  if (!order || (*order != "True" && *order != "False")) Fail(name, "no 'fortran_order' in the header");
  header.fortran_order = *order == "True";
  const auto sizes = ValueOf(text, "'shape'", "(", ")");
  const auto shape = sizes ? ParseShape(*sizes) : std::nullopt;
  if (!shape) Fail(name, "no 'shape' of numbers below a billion in the header");
  header.shape = *shape;
  header.data_offset = start + length;
  return header;
}

double ReadItem(const char* from, std::size_t item_bytes) {
  if (item_bytes == 8) {
    double value = 0;
    std::memcpy(&value, from, sizeof value);
    return value;
  }
  float value = 0;
  std::memcpy(&value, from, sizeof value);
  return static_cast<double>(value);
}

// Where element `index` of C order lies in Fortran order.
std::size_t FortranIndex(std::size_t index, const std::vector<std::size_t>& shape) {
  std::size_t result = 0;
  std::size_t before = 1;
  for (const std::size_t size : shape) before *= size;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    before /= shape[axis];
    result += (index % shape[axis]) * before;
    index /= shape[axis];
  }
  return result;
}

}  // namespace

NpyArray ParseNpy(std::string_view bytes, const std::string& name) {
  const Header header = ParseHeader(bytes, name);
  std::size_t count = 1;
  for (const std::size_t size : header.shape) {
    if (size != 0 && count > bytes.size() / size)
      Fail(name, "truncated: the shape needs more data than the file has");
    count *= size;
  }
  const std::size_t found = bytes.size() - header.data_offset;
  if (found != count * header.item_bytes) {
    Fail(name,
         fmt::format("expected {} bytes of data for its shape, found {}", count * header.item_bytes, found));
  }
  NpyArray array{header.shape, std::vector<double>(count)};
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = header.fortran_order ? FortranIndex(i, header.shape) : i;
    array.values[i] = ReadItem(bytes.data() + header.data_offset + at * header.item_bytes, header.item_bytes);
  }
  return array;
}

}  // namespace headspec::experiment
