// The finding: in the published tables of real models the index is, to within its null, a statement about
// depth. docs/science.md tells it; its table of matrices is written by tools/make_science_tables.py.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <iterator>

#include "metrics/permutation_null.h"
#include "metrics/reading.h"
#include "metrics/variance_shares.h"
#include "published.h"
#include "science_document.h"

namespace headspec::metrics {
namespace {

// From 400 shuffles in numpy, made before this code was.
struct Expected {
  double index, mean, deviation, z;
};

constexpr Expected kBase[] = {
    {.7149, .7180, .0044, -0.7}, {.7478, .7504, .0029, -0.9}, {.3492, .3519, .0026, -1.1}};
constexpr Expected kTuned[] = {
    {.3126, .3126, .0021, 0.0}, {.7790, .7812, .0028, -0.8}, {.3665, .3700, .0029, -1.2}};

void ExpectFinding(const std::string& name, const Table& table, const Expected& expected) {
  const auto null = ComputePermutationNull(table, {});
  const auto shares = ComputeVarianceShares(table);
  ASSERT_TRUE(null && shares);
  fmt::print("| {} | {:.4f} | {:.4f} +- {:.4f} | {:.4f} to {:.4f} | {:.2f} | {:.2f} | {:.4f} | {:.4f} |\n",
             name, null->observed, null->mean, null->deviation, null->band.low, null->band.high, *null->z,
             null->p, shares->depth_share, *shares->icc);
  EXPECT_NEAR(null->observed, expected.index, 5e-5) << name;
  // The mean of 400 shuffles is uncertain by a twentieth of their deviation, z by about 0.1.
  EXPECT_NEAR(null->mean, expected.mean, 5e-5 + 0.2 * expected.deviation) << name;
  EXPECT_NEAR(null->deviation, expected.deviation, 5e-5 + 0.12 * expected.deviation) << name;
  EXPECT_NEAR(*null->z, expected.z, 0.3) << name;
  EXPECT_GT(null->p, 0.05) << name;
  EXPECT_NEAR(null->mean, shares->depth_share, 0.05) << name;
  EXPECT_NE(ReadNull(null).find("it reflects depth, not which head"), std::string::npos) << name;
}

TEST(PublishedNull, TheIndexIsItsOwnShuffle) {
  fmt::print(
      "| matrix | SI | shuffles, mean +- sd (1000) | middle 95 % | z | p | depth share | ICC(1,1) |\n");
  fmt::print("|---|---|---|---|---|---|---|---|\n");
  for (std::size_t i = 0; i < std::size(kPublished); ++i) {
    const auto results = ReadPublished(kPublished[i]);
    ExpectFinding(kPublished[i].name + std::string(" base"), Entropies(results.at("base")), kBase[i]);
    ExpectFinding(kPublished[i].name + std::string(" instruct"), Entropies(results.at("instruct")),
                  kTuned[i]);
  }
}

TEST(PublishedNull, EveryDeltaIsOneOfDepthToo) {
  for (const PublishedPair& pair : kPublished) {
    const auto results = ReadPublished(pair);
    const auto null = ComputeDeltaNull(Entropies(results.at("base")), Entropies(results.at("instruct")), {});
    ASSERT_TRUE(null);
    fmt::print("{}: {} (p = {:.2f})\n", pair.name, ReadDeltaNull(null), null->p);
    EXPECT_GT(null->p, 0.05) << pair.name;
    const std::string row = fmt::format("| {} | {} |", pair.name, ReadDeltaNull(null));
    EXPECT_TRUE(DocumentSays(row)) << "docs/science.md should say: " << row;
  }
}

}  // namespace
}  // namespace headspec::metrics
