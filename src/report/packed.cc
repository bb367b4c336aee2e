#include "report/packed.h"

#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/error.h"

namespace headspec::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kLeastPacked = 64;
constexpr int kRawDeflate = -MAX_WBITS;
constexpr int kMostMemory = 9;

struct FloatTable {
  std::vector<std::size_t> shape;
  std::vector<float> values;
};

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

bool Collect(const Json& json, std::size_t depth, FloatTable& table) {
  if (json.is_array()) {
    if (depth == table.shape.size()) {
      if (!table.values.empty()) return false;
      table.shape.push_back(json.size());
    }
    return table.shape[depth] == json.size() && std::all_of(json.begin(), json.end(), [&](const Json& item) {
             return Collect(item, depth + 1, table);
           });
  }
  if (depth != table.shape.size()) return false;
  if (!json.is_null() && !json.is_number_float()) return false;
  const double value = json.is_null() ? kNaN : json.get<double>();
  if (std::isfinite(value) && std::abs(value) > std::numeric_limits<float>::max()) return false;
  table.values.push_back(std::isfinite(value) ? static_cast<float>(value) : kNaN);
  return true;
}

std::string LittleEndian(const std::vector<float>& values) {
  std::string bytes;
  bytes.reserve(4 * values.size());
  for (const float value : values) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>((bits >> shift) & 0xff);
  }
  return bytes;
}

}  // namespace

std::string Base64(std::string_view bytes) {
  constexpr const char* kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t at) {
      return at < bytes.size() ? static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at])) : 0u;
    };
    const std::uint32_t group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    for (int shift = 18; shift >= 0; shift -= 6) text += kDigits[(group >> shift) & 63];
  }
  const std::size_t missing = (3 - bytes.size() % 3) % 3;
  text.replace(text.size() - missing, missing, missing, '=');
  return text;
}

std::string Deflate(const std::vector<std::uint8_t>& bytes) {
  constexpr std::size_t kPiece = std::size_t{1} << 20;
  z_stream stream{};
  // Attention is runs of zeros (the future) between numbers alike in size only: no search for repetitions.
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kRawDeflate, kMostMemory, Z_RLE) != Z_OK)
    throw Error(ErrorKind::kSystem, "report.html: zlib cannot start", "free some memory");
  std::string packed;
  std::string buffer(kPiece, '\0');
  std::size_t at = 0;
  int state = Z_OK;
  while (state == Z_OK) {
    if (stream.avail_in == 0) {
      const std::size_t size = std::min(kPiece, bytes.size() - at);
      stream.next_in = const_cast<Bytef*>(bytes.data()) + at;  // zlib does not write there
      stream.avail_in = static_cast<uInt>(size);
      at += size;
    }
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    state = deflate(&stream, at == bytes.size() ? Z_FINISH : Z_NO_FLUSH);
    packed.append(buffer, 0, buffer.size() - stream.avail_out);
  }
  deflateEnd(&stream);
  return packed;
}

void PackTables(Json& json) {
  FloatTable table;
  if (json.is_array() && Collect(json, 0, table) && table.shape.size() > 1 &&
      table.values.size() >= kLeastPacked) {
    json = {{"f32", Base64(LittleEndian(table.values))}, {"shape", table.shape}};
  } else if (json.is_structured()) {
    for (Json& item : json) PackTables(item);
  }
}

}  // namespace headspec::report
