#include "experiment/npy.h"

#include <bit>
#include <cstdint>
#include <cstring>
#include <regex>

#include <fmt/format.h>

#include "core/error.h"

static_assert(std::endian::native == std::endian::little, "arrays are read as they lie in the file");

namespace headspec::experiment {
namespace {

constexpr std::size_t kLongestHeader = 10000;  // numpy's own limit; std::regex needs stack for every character

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
  if (version < 1 || version > 3) Fail(name, fmt::format("expected .npy format version 1 to 3, found {}", version));
  const std::size_t width = version == 1 ? 2 : 4;
  std::size_t length = 0;
  for (std::size_t i = 0; i < width; ++i) length |= static_cast<std::size_t>(static_cast<unsigned char>(bytes[8 + i])) << (8 * i);
  start = 8 + width;
  if (length > bytes.size() - start) Fail(name, fmt::format("truncated: header of {} bytes in a file of {}", length, bytes.size()));
  return length;
}

Header ParseHeader(std::string_view bytes, const std::string& name) {
  Header header;
  std::size_t start = 0;
  const std::size_t length = HeaderLength(bytes, name, start);
  if (length > kLongestHeader) Fail(name, fmt::format("expected a header of at most {} bytes, found {}", kLongestHeader, length));
  const std::string text(bytes.substr(start, length));
  static const std::regex descr(R"('descr'\s*:\s*'([^']*)')");
  static const std::regex order(R"('fortran_order'\s*:\s*(True|False))");
  static const std::regex shape(R"('shape'\s*:\s*\(([0-9,\s]*)\))");
  std::smatch match;
  if (!std::regex_search(text, match, descr)) Fail(name, "no 'descr' in the header");
  const std::string type = match[1];
  if (type != "<f8" && type != "<f4") Fail(name, fmt::format("expected type '<f8' or '<f4', found '{}'", type));
  header.item_bytes = type == "<f8" ? 8 : 4;
  if (!std::regex_search(text, match, order)) Fail(name, "no 'fortran_order' in the header");
  header.fortran_order = match[1] == "True";
  if (!std::regex_search(text, match, shape)) Fail(name, "no 'shape' in the header");
  const std::string sizes = match[1];
  static const std::regex number("[0-9]+");
  for (std::sregex_iterator it(sizes.begin(), sizes.end(), number), end; it != end; ++it) {
    if (it->str().size() > 9) Fail(name, fmt::format("dimension {} is too large", it->str()));
    header.shape.push_back(std::stoul(it->str()));
  }
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
    if (size != 0 && count > bytes.size() / size) Fail(name, "truncated: the shape needs more data than the file has");
    count *= size;
  }
  const std::size_t found = bytes.size() - header.data_offset;
  if (found != count * header.item_bytes) {
    Fail(name, fmt::format("expected {} bytes of data for its shape, found {}", count * header.item_bytes, found));
  }
  NpyArray array{header.shape, std::vector<double>(count)};
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = header.fortran_order ? FortranIndex(i, header.shape) : i;
    array.values[i] = ReadItem(bytes.data() + header.data_offset + at * header.item_bytes, header.item_bytes);
  }
  return array;
}

}  // namespace headspec::experiment
