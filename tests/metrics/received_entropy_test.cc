#include "metrics/received_entropy.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace headspec::metrics {
namespace {

using Attention = std::vector<std::vector<float>>;  // (T, T), or rows that end where the rest is 0

double Measured(const Attention& attention) {
  ReceivedEntropy entropy;
  entropy.Reset(static_cast<int>(attention.size()));
  for (const auto& row : attention) entropy.Add(row);
  return entropy.Value();
}

// The notebook, line by line, in double.
double Notebook(const Attention& attention) {
  const std::size_t tokens = attention.size();
  std::vector<double> weights(tokens, 0.0);
  for (const auto& row : attention) {
    for (std::size_t key = 0; key < row.size(); ++key)
      weights[key] += static_cast<double>(row[key]) / static_cast<double>(tokens);
  }
  double total = 0;
  for (const double weight : weights) total += weight;
  for (double& weight : weights) weight /= total + 1e-10;
  double kept = 0;
  int count = 0;
  for (const double weight : weights) {
    if (!(weight > 0)) continue;
    kept += weight;
    ++count;
  }
  if (count <= 1) return 0;
  double entropy = 0;
  for (const double weight : weights) {
    if (weight > 0) entropy -= weight / kept * std::log2(weight / kept);
  }
  return entropy / std::log2(count);
}

Attention RandomCausal(std::size_t tokens, unsigned seed) {
  std::mt19937 engine(seed);
  Attention attention;
  for (std::size_t query = 0; query < tokens; ++query) {
    std::vector<float> row(query + 1);
    double sum = 0;
    for (float& value : row) sum += static_cast<double>(value = static_cast<float>(engine() % 1000 + 1));
    for (float& value : row) value /= static_cast<float>(sum);
    attention.push_back(row);
  }
  return attention;
}

TEST(ReceivedEntropy, AgreesWithTheNotebook) {
  for (const std::size_t tokens : {2u, 3u, 17u, 128u}) {
    const Attention attention = RandomCausal(tokens, static_cast<unsigned>(tokens));
    const double measured = Measured(attention);
    EXPECT_NEAR(measured, Notebook(attention), 1e-14) << tokens;
    EXPECT_GT(measured, 0) << tokens;
    EXPECT_LT(measured, 1) << tokens;
  }
}

TEST(ReceivedEntropy, RowsMayLeaveOutTheirZeros) {
  const Attention shorter = RandomCausal(9, 4);
  Attention full = shorter;
  for (auto& row : full) row.resize(9, 0.0f);
  EXPECT_EQ(Measured(shorter), Measured(full));
}

TEST(ReceivedEntropy, OneTokenIsZero) { EXPECT_EQ(Measured({{1.0f}}), 0.0); }

TEST(ReceivedEntropy, UniformIsOne) {
  EXPECT_NEAR(Measured(Attention(8, std::vector<float>(8, 0.125f))), 1.0, 1e-15);
  EXPECT_NEAR(Measured(Attention(3, std::vector<float>(3, 1.0f / 3))), 1.0, 1e-15);
}

TEST(ReceivedEntropy, AllOnOneKeyIsZero) { EXPECT_EQ(Measured(Attention(5, {1.0f})), 0.0); }

// Two keys receive 3/4 and 1/4: -(0.75 log2 0.75 + 0.25 log2 0.25) over log2 of two, not of four.
TEST(ReceivedEntropy, KeysThatReceiveNothingAreNotCounted) {
  const Attention attention(4, {0.75f, 0.0f, 0.25f, 0.0f});
  EXPECT_NEAR(Measured(attention), 0.8112781244591328, 1e-15);
}

TEST(ReceivedEntropy, NanGivesZero) {
  Attention attention = RandomCausal(6, 5);
  attention[3][2] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(Measured(attention), 0.0);
}

TEST(ReceivedEntropy, NothingAtAllGivesZero) {
  EXPECT_EQ(Measured(Attention(4, std::vector<float>(4, 0.0f))), 0.0);
}

// The notebook's means are float32. Half of the smallest subnormal rounds to 0 there, so `w > 0` drops the
// key.
TEST(ReceivedEntropy, MeansThatVanishInFloat32AreNotCounted) {
  const float smallest = std::numeric_limits<float>::denorm_min();
  const Attention vanishing = {{0.5f, 0.5f, smallest}, {0.5f, 0.5f}, {0.5f, 0.5f}};
  EXPECT_NEAR(Measured(vanishing), 1.0, 1e-15);
  const Attention staying = {{0.5f, 0.5f, 4 * smallest}, {0.5f, 0.5f}, {0.5f, 0.5f}};
  EXPECT_NEAR(Measured(staying), 1 / std::log2(3), 1e-15);
}

TEST(ReceivedEntropy, ResetForgets) {
  ReceivedEntropy entropy;
  entropy.Reset(2);
  entropy.Add(std::vector<float>{0.9f, 0.1f});
  entropy.Reset(4);
  for (int query = 0; query < 4; ++query) entropy.Add(std::vector<float>(4, 0.25f));
  EXPECT_NEAR(entropy.Value(), 1.0, 1e-15);
}

}  // namespace
}  // namespace headspec::metrics
