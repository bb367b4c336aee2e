// The fast index is the index: the same as by the correlation matrix, whatever the table.
#include "metrics/index.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "metrics/specialization.h"
#include "statistics_golden.h"

namespace headspec::metrics {
namespace {

const double kNan = std::numeric_limits<double>::quiet_NaN();

void ExpectSame(const Table& table) {
  const double expected = ComputeSpecialization(table).index;
  const auto found = FastIndex(table);
  ASSERT_EQ(found.has_value(), !std::isnan(expected));
  if (!found) return;
  EXPECT_NEAR(*found, expected, 1e-12);
}

TEST(FastIndex, IsTheIndex) {
  Random random(1, "index test");
  for (const int layers : {2, 3, 12, 32}) {
    for (const int heads : {2, 3, 17, 71}) {
      for (const double depth : {0.0, 1.0, 30.0})
        ExpectSame(PlantedTable({layers, heads, depth, 0.5}, random));
    }
  }
}

TEST(FastIndex, ConstantAndUndefinedHeadsAreLeftOut) {
  Random random(1, "index test");
  Table table = PlantedTable({5, 6, 1, 0}, random);
  for (auto& row : table) row[2] = 0.1;
  ExpectSame(table);
  table[3][4] = kNan;
  ExpectSame(table);
  table[1][0] = std::numeric_limits<double>::infinity();
  ExpectSame(table);
}

// The table of a real model: received entropies close to 1, which differ in their third decimal.
TEST(FastIndex, SmallDifferencesOnALargeMean) {
  Random random(2, "index test");
  Table table = PlantedTable({32, 32, 1, 0}, random);
  for (auto& row : table) {
    for (double& value : row) value = 0.98 + 1e-3 * value;
  }
  ExpectSame(table);
}

TEST(FastIndex, NoPairNoIndex) {
  EXPECT_FALSE(FastIndex({{0.1, 0.5, 0.9}}));
  EXPECT_FALSE(FastIndex({{0.1}, {0.5}}));
  EXPECT_FALSE(FastIndex({{0.1, 0.5}, {0.2, 0.5}}));
}

TEST(WhyNoIndex, SaysWhy) {
  EXPECT_EQ(WhyNoIndex({}), "no values");
  EXPECT_EQ(WhyNoIndex({{}}), "no values");
  EXPECT_EQ(WhyNoIndex({{1, 2}}), "one layer: a depth profile needs two");
  EXPECT_EQ(WhyNoIndex({{1}, {2}}), "one head: a correlation needs two");
  EXPECT_EQ(WhyNoIndex({{1, 2}, {3, kNan}}), "layer 1, head 1 is not a number");
  EXPECT_EQ(WhyNoIndex({{1, 2}, {3, 2}}), "fewer than two heads vary over the layers");
  EXPECT_EQ(WhyNoIndex({{1, 2}, {3, 4}}), "");
}

}  // namespace
}  // namespace headspec::metrics
