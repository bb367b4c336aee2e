#include "report/text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>

namespace headspec::report {
namespace {

TEST(PythonFloat, LooksLikeRepr) {
  EXPECT_EQ(PythonFloat(0.33), "0.33");
  EXPECT_EQ(PythonFloat(14), "14.0");
  EXPECT_EQ(PythonFloat(0), "0.0");
  EXPECT_EQ(PythonFloat(-0.0), "-0.0");
  EXPECT_EQ(PythonFloat(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(PythonFloat(0.0001), "0.0001");
  EXPECT_EQ(PythonFloat(0.00001), "1e-05");
  EXPECT_EQ(PythonFloat(123456789012345678.0), "1.2345678901234568e+17");
  EXPECT_EQ(PythonFloat(1e15), "1000000000000000.0");
  EXPECT_EQ(PythonFloat(1e16), "1e+16");
  EXPECT_EQ(PythonFloat(-2.5e-300), "-2.5e-300");
  EXPECT_EQ(PythonFloat(std::numeric_limits<double>::quiet_NaN()), "nan");
  EXPECT_EQ(PythonFloat(-std::numeric_limits<double>::infinity()), "-inf");
}

TEST(PythonFloat, ReadsBackAsTheSameDouble) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20000; ++i) {
    const double value = std::ldexp(static_cast<double>(random()), static_cast<int>(random() % 200) - 160);
    EXPECT_EQ(std::strtod(PythonFloat(value).c_str(), nullptr), value);
  }
}

TEST(OneLine, KeepsTextAndReplacesWhatBreaksALine) {
  EXPECT_EQ(OneLine("Ġis ✓ 漢"), "Ġis ✓ 漢");
  EXPECT_EQ(OneLine("a\tb\nc\x7f"), "a b c ");
  EXPECT_EQ(OneLine("\xe2\x80\xa8"), " ");  // line separator
}

TEST(OneLine, ReplacesInvalidBytes) {
  EXPECT_EQ(OneLine("a\xff"
                    "b"),
            "a\uFFFDb");
  EXPECT_EQ(OneLine("\xe2\x9c"), "\uFFFD\uFFFD");             // cut short
  EXPECT_EQ(OneLine("\xc0\xaf"), "\uFFFD\uFFFD");             // overlong
  EXPECT_EQ(OneLine("\xed\xa0\x80").find("\uFFFD"), 0u);      // surrogate
  EXPECT_EQ(OneLine("\xf4\x90\x80\x80").find("\uFFFD"), 0u);  // beyond Unicode
}

TEST(DisplayWidth, CountsColumns) {
  EXPECT_EQ(DisplayWidth("Phi-2"), 5u);
  EXPECT_EQ(DisplayWidth("✓ YES"), 5u);
  EXPECT_EQ(DisplayWidth("漢字"), 4u);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1u);
  EXPECT_EQ(DisplayWidth("❌"), 2u);
}

TEST(PadRight, FillsByWidthAndNeverCuts) {
  EXPECT_EQ(PadRight("漢", 4), "漢  ");
  EXPECT_EQ(PadRight("long", 2), "long");
}

TEST(Truncate, CutsByWidth) {
  EXPECT_EQ(Truncate("short", 5), "short");
  EXPECT_EQ(Truncate("longer", 5), "long…");
  EXPECT_EQ(Truncate("漢字漢字", 5), "漢字…");
}

}  // namespace
}  // namespace headspec::report
