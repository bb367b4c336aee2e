// Element types of stored tensors, with the names that safetensors gives them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace headspec {

enum class DType : std::uint8_t {
  kBool,
  kF4,
  kF6E2M3,
  kF6E3M2,
  kU8,
  kI8,
  kF8E5M2,
  kF8E4M3,
  kF8E8M0,
  kF8E4M3Fnuz,
  kF8E5M2Fnuz,
  kI16,
  kU16,
  kF16,
  kBF16,
  kI32,
  kU32,
  kF32,
  kC64,
  kF64,
  kI64,
  kU64,
};

// Bits per element: 4 and 6 for the sub-byte types, else a multiple of 8.
int BitsOf(DType dtype);
// "BF16", "F8_E4M3", ...
std::string_view NameOf(DType dtype);
std::optional<DType> ParseDType(std::string_view name);

}  // namespace headspec
