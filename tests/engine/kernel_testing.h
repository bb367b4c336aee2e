// What the kernel tests share: plain references of the number formats, weights as they lie in a file, and a
// loop over the instruction sets.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "core/matrix_view.h"
#include "engine/kernels/arithmetic.h"
#include "engine/kernels/kernels.h"

namespace headspec::kernels {

inline constexpr DType kTypes[] = {DType::kF32, DType::kF16, DType::kBF16};

// p significant bits, spacing of the subnormals 2^quantum, largest finite value.
struct Format {
  int digits;
  int quantum;
  double largest;
};

inline Format FormatOf(DType type) {
  if (type == DType::kF16) return {11, -24, 65504};
  if (type == DType::kBF16) return {8, -133, std::ldexp(255, 120)};
  return {24, -149, static_cast<double>(std::numeric_limits<float>::max())};
}

// To the nearest value of `type`, ties to even, beyond the largest to infinity.
inline float Rounded(DType type, double x) {
  if (x == 0 || !std::isfinite(x)) return static_cast<float>(x);
  const Format format = FormatOf(type);
  int exponent = 0;
  std::frexp(x, &exponent);
  const int quantum = std::max(exponent - format.digits, format.quantum);
  const double rounded = std::ldexp(std::nearbyint(std::ldexp(x, -quantum)), quantum);
  if (std::abs(rounded) > format.largest)
    return std::copysign(std::numeric_limits<float>::infinity(), static_cast<float>(x));
  return static_cast<float>(rounded);
}

// float product in double is exact, so one rounding to `type` is left.
inline float Product(DType type, float a, float b) {
  return Rounded(type, static_cast<double>(a) * static_cast<double>(b));
}
// The sum of two floats in double, rounded to float and then to `type`, as the reference's kernels do.
inline float Sum(DType type, float a, float b) {
  return Rounded(type,
                 static_cast<double>(static_cast<float>(static_cast<double>(a) + static_cast<double>(b))));
}

// Half the distance between neighbours of `type` around x.
inline double HalfSpacing(DType type, double x) {
  const Format format = FormatOf(type);
  int exponent = 0;
  std::frexp(x, &exponent);
  return std::ldexp(0.5, std::max(exponent - format.digits, format.quantum));
}

// The value of a 16-bit pattern, from the definition of the format.
inline float Decode16(DType type, std::uint16_t bits) {
  if (type == DType::kBF16) return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
  const int exponent = bits >> 10 & 31;
  const int mantissa = bits & 1023;
  double magnitude = exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
  if (exponent == 31)
    magnitude =
        mantissa == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  return static_cast<float>(bits >> 15 != 0 ? -magnitude : magnitude);
}

// Equal in every bit, except that any NaN equals any NaN.
inline bool SameValue(float a, float b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
}

inline ::testing::AssertionResult SameValues(const std::vector<float>& actual,
                                             const std::vector<float>& expected) {
  if (actual.size() != expected.size()) return ::testing::AssertionFailure() << "sizes differ";
  for (std::size_t i = 0; i < actual.size(); ++i) {
    if (SameValue(actual[i], expected[i])) continue;
    return ::testing::AssertionFailure() << "element " << i << " of " << actual.size() << ": expected "
                                         << std::hexfloat << expected[i] << ", found " << actual[i];
  }
  return ::testing::AssertionSuccess();
}

// Calls body(name) on each instruction set of this machine.
template <class Body>
void OnEveryTarget(const Body& body) {
  const std::vector<std::string> names = Targets();
  for (const std::string& name : names) {
    const UseArithmetic use({.target = name});
    SCOPED_TRACE(name);
    EXPECT_EQ(CurrentTarget(), name);
    body(name);
  }
}

inline bool HasFusedMultiplyAdd(const std::string& target) {
  return !target.starts_with("SSE") && !target.starts_with("SSSE") && target != "SCALAR" &&
         target != "EMU128";
}

class Random {
 public:
  explicit Random(std::uint32_t seed) : engine_(seed) {}

  double Uniform(double low, double high) {
    return low + (high - low) * static_cast<double>(engine_()) / 4294967296.0;
  }
  std::uint32_t Bits() { return static_cast<std::uint32_t>(engine_()); }

  // Values of `type` in [-scale, scale].
  std::vector<float> Values(DType type, std::size_t count, double scale = 1) {
    std::vector<float> values(count);
    for (float& value : values) value = Rounded(type, Uniform(-scale, scale));
    return values;
  }

 private:
  std::mt19937 engine_;
};

inline void AppendStored(DType dtype, float value, std::vector<std::byte>& bytes) {
  std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  std::size_t size = 4;
  if (dtype == DType::kBF16) bits >>= 16;
  if (dtype == DType::kF16) {
    const int exponent = std::max(std::ilogb(value), -14);
    const auto mantissa =
        value == 0 ? 0u : static_cast<std::uint32_t>(std::ldexp(std::abs(value), 10 - exponent));
    // Adding the mantissa with its leading bit raises the exponent field by one where there is one.
    const std::uint32_t field = value == 0 ? 0u : static_cast<std::uint32_t>(exponent + 14) << 10;
    bits = (bits >> 31 << 15) | (field + mantissa);
  }
  if (dtype != DType::kF32) size = 2;
  for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<std::byte>(bits >> (8 * i) & 0xff));
}

// A weight as it may lie in a file: at an odd address. `values` are of `dtype`.
class StoredWeight {
 public:
  StoredWeight(DType dtype, int rows, int cols, const std::vector<float>& values)
      : dtype_(dtype), rows_(rows), cols_(cols) {
    bytes_.push_back(std::byte{0});
    for (const float value : values) AppendStored(dtype, value, bytes_);
  }
  WeightView view() const { return {dtype_, bytes_.data() + 1, rows_, cols_}; }

 private:
  DType dtype_;
  int rows_;
  int cols_;
  std::vector<std::byte> bytes_;
};

// A matrix whose rows are apart: `stride` is three more than `cols`, and the gaps hold a mark.
class GappedMatrix {
 public:
  static constexpr float kMark = -12345.0f;

  GappedMatrix(int rows, int cols)
      : rows_(rows), cols_(cols), values_(Size(rows) * (Size(cols) + 3), kMark) {}
  GappedMatrix(int rows, int cols, const std::vector<float>& values) : GappedMatrix(rows, cols) {
    for (int row = 0; row < rows; ++row)
      std::copy_n(values.data() + Size(row) * Size(cols), cols, view().Row(row));
  }

  MatrixView view() { return {values_.data(), rows_, cols_, Size(cols_) + 3}; }
  bool GapsAreIntact() {
    for (int row = 0; row < rows_; ++row) {
      for (int i = 0; i < 3; ++i) {
        if (view().Row(row)[cols_ + i] != kMark) return false;
      }
    }
    return true;
  }
  std::vector<float> Values() {
    std::vector<float> all;
    for (int row = 0; row < rows_; ++row) all.insert(all.end(), view().Row(row), view().Row(row) + cols_);
    return all;
  }

 private:
  static std::size_t Size(int n) { return static_cast<std::size_t>(n); }

  int rows_;
  int cols_;
  std::vector<float> values_;
};

}  // namespace headspec::kernels
