#include "experiment/npy.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>

#include "core/error.h"
#include "core/npy_header.h"

static_assert(std::endian::native == std::endian::little, "arrays are read as they lie in the file");

namespace headspec::experiment {
namespace {

constexpr const char* kNext = "write it with numpy.save as float32 or float64, layers by heads";

[[noreturn]] void Fail(const std::string& name, const std::string& problem) {
  throw Error(ErrorKind::kInput, fmt::format("{}: {}", name, problem), kNext);
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
  const NpyHeader header = ParseNpyHeader(bytes, name, kNext);
  if (header.type != "<f8" && header.type != "<f4")
    Fail(name, fmt::format("expected type '<f8' or '<f4', found '{}'", header.type));
  const std::size_t item_bytes = header.type == "<f8" ? 8 : 4;
  std::size_t count = 1;
  for (const std::size_t size : header.shape) {
    if (size != 0 && count > bytes.size() / size)
      Fail(name, "truncated: the shape needs more data than the file has");
    count *= size;
  }
  const std::size_t found = bytes.size() - header.data_offset;
  if (found != count * item_bytes) {
    Fail(name, fmt::format("expected {} bytes of data for its shape, found {}", count * item_bytes, found));
  }
  NpyArray array{header.shape, std::vector<double>(count)};
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = header.fortran_order ? FortranIndex(i, header.shape) : i;
    array.values[i] = ReadItem(bytes.data() + header.data_offset + at * item_bytes, item_bytes);
  }
  return array;
}

}  // namespace headspec::experiment
