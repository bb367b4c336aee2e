// The generator against an independent one in Python (tools/make_statistics_golden.py), and its
// distributions.
#include "metrics/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

#include "statistics_golden.h"

namespace headspec::metrics {
namespace {

TEST(Random, TheSameNumbersAsTheDefinitionInPython) {
  for (const auto& stream : Golden("random")) {
    Random random(stream.at("seed").get<std::uint64_t>(), stream.at("purpose").get<std::string>());
    for (const auto& [bound, expected] :
         stream.at("below").get<std::vector<std::pair<std::uint32_t, std::uint32_t>>>())
      EXPECT_EQ(random.Below(bound), expected);
    for (const double expected : stream.at("uniform")) EXPECT_EQ(random.Uniform(), expected);
    std::vector<double> values(12);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i);
    random.Shuffle(values);
    EXPECT_EQ(values, stream.at("shuffled").get<std::vector<double>>());
  }
}

TEST(Random, StreamsDifferBySeedAndByPurpose) {
  Random one(1, "a"), other_seed(2, "a"), other_purpose(1, "b"), again(1, "a");
  const auto first = one.Below(1u << 31);
  EXPECT_NE(first, other_seed.Below(1u << 31));
  EXPECT_NE(first, other_purpose.Below(1u << 31));
  EXPECT_EQ(first, again.Below(1u << 31));
}

// 24 orders of four values, 24000 shuffles: each within five standard deviations (31) of 1000.
TEST(Random, EveryOrderIsEquallyLikely) {
  Random random(3, "orders");
  std::map<std::vector<double>, int> counts;
  for (int i = 0; i < 24000; ++i) {
    std::vector<double> values = {0, 1, 2, 3};
    random.Shuffle(values);
    ++counts[values];
  }
  EXPECT_EQ(counts.size(), 24u);
  for (const auto& [order, count] : counts) EXPECT_NEAR(count, 1000, 155);
}

TEST(Random, NothingToShuffle) {
  Random random(3, "short");
  std::vector<double> none, one = {7};
  random.Shuffle(none);
  random.Shuffle(one);
  EXPECT_EQ(one, std::vector<double>{7});
}

}  // namespace
}  // namespace headspec::metrics
