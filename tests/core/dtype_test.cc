#include "core/dtype.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace headspec {
namespace {

constexpr int kCount = static_cast<int>(DType::kU64) + 1;

TEST(DType, NamesGoThereAndBack) {
  std::set<std::string> names;
  for (int i = 0; i < kCount; ++i) {
    const auto dtype = static_cast<DType>(i);
    EXPECT_EQ(ParseDType(NameOf(dtype)), dtype) << NameOf(dtype);
    names.emplace(NameOf(dtype));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(kCount));
}

TEST(DType, NamesAreThoseOfSafetensors) {
  EXPECT_EQ(NameOf(DType::kF32), "F32");
  EXPECT_EQ(NameOf(DType::kF16), "F16");
  EXPECT_EQ(NameOf(DType::kBF16), "BF16");
  EXPECT_EQ(NameOf(DType::kBool), "BOOL");
  EXPECT_EQ(NameOf(DType::kF8E4M3), "F8_E4M3");
  EXPECT_EQ(NameOf(DType::kC64), "C64");
}

TEST(DType, UnknownNames) {
  for (const char* name : {"", "f32", "F32 ", "F128", "BF1"})
    EXPECT_EQ(ParseDType(name), std::nullopt) << name;
}

// The name ends in its bits, or starts with them after the letter: U8, BF16, F8_E4M3.
TEST(DType, BitsAgreeWithTheName) {
  for (int i = 0; i < kCount; ++i) {
    const auto dtype = static_cast<DType>(i);
    if (dtype == DType::kBool) {
      EXPECT_EQ(BitsOf(dtype), 8);
      continue;
    }
    const std::string name(NameOf(dtype));
    EXPECT_EQ(BitsOf(dtype), std::stoi(name.substr(name.find_first_of("0123456789")))) << name;
  }
}

}  // namespace
}  // namespace headspec
