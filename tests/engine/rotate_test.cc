// Rotary embedding in each layout and with each rule of rounding, value by value.
#include <gtest/gtest.h>

#include "engine/kernel_testing.h"

namespace headspec::kernels {
namespace {

using Rounding = RotaryStyle::Rounding;

// x c + y s as the style rounds it.
float Combined(DType type, Rounding rounding, float x, float c, float y, float s) {
  const DType product = rounding == Rounding::kEachOperation ? type : DType::kF32;
  const DType sum = rounding == Rounding::kNever ? DType::kF32 : type;
  return Sum(sum, Product(product, x, c), Product(product, y, s));
}

struct Tables {
  std::vector<float> cos, sin;
};

std::vector<float> Expected(DType type, const RotaryStyle& style, const Tables& tables,
                            const std::vector<float>& head) {
  const std::size_t pairs = tables.cos.size();
  std::vector<float> rotated = head;
  for (std::size_t i = 0; i < pairs; ++i) {
    const std::size_t first = style.interleaved ? 2 * i : i,
                      second = style.interleaved ? 2 * i + 1 : pairs + i;
    const float c = tables.cos[i], s = tables.sin[i], x = head[first], y = head[second];
    rotated[first] = Combined(type, style.rounding, x, c, -y, s);
    rotated[second] = Combined(type, style.rounding, y, c, x, s);
  }
  return rotated;
}

void TestStyle(const RotaryStyle& style) {
  Random random(14);
  for (const DType type : kTypes) {
    for (const std::size_t pairs : {0u, 1u, 3u, 7u, 16u, 40u, 67u}) {
      const std::vector<float> head = random.Values(type, 2 * pairs + 5, 8);
      Tables tables;
      for (std::size_t i = 0; i < pairs; ++i) {
        const double angle = random.Uniform(-100, 100);
        // Not of `type`: that is up to the caller.
        tables.cos.push_back(static_cast<float>(std::cos(angle)));
        tables.sin.push_back(static_cast<float>(std::sin(angle)));
      }
      const std::vector<float> expected = Expected(type, style, tables, head);
      OnEveryTarget([&](const std::string&) {
        std::vector<float> rotated = head;
        Rotate(type, style, tables.cos, tables.sin, rotated);
        EXPECT_TRUE(SameValues(rotated, expected)) << NameOf(type) << " " << pairs;
      });
    }
  }
}

TEST(Rotate, HalvesRoundedEachOperation) { TestStyle({false, Rounding::kEachOperation}); }
TEST(Rotate, HalvesRoundedOnce) { TestStyle({false, Rounding::kOnce}); }
TEST(Rotate, HalvesUnrounded) { TestStyle({false, Rounding::kNever}); }
TEST(Rotate, NeighboursRoundedEachOperation) { TestStyle({true, Rounding::kEachOperation}); }
TEST(Rotate, NeighboursRoundedOnce) { TestStyle({true, Rounding::kOnce}); }
TEST(Rotate, NeighboursUnrounded) { TestStyle({true, Rounding::kNever}); }

TEST(Rotate, NanStaysInItsPair) {
  OnEveryTarget([&](const std::string&) {
    for (const bool interleaved : {false, true}) {
      std::vector<float> head(40, 1.0f);
      head[3] = std::numeric_limits<float>::quiet_NaN();
      const std::vector<float> ones(20, 1.0f);
      Rotate(DType::kF16, {interleaved, Rounding::kOnce}, ones, ones, head);
      EXPECT_EQ(CountNonFinite(head), 2);
      EXPECT_TRUE(std::isnan(head[interleaved ? 2 : 23]));
    }
  });
}

}  // namespace
}  // namespace headspec::kernels
