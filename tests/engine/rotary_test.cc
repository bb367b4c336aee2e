// Frequencies, cosines and sines against the bits that the reference's own modules gave, with configurations
// read as a family would read them.
#include "engine/rotary.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/kernels/kernels.h"
#include "model/rope.h"
#include "temporary_folder.h"

namespace headspec::engine {
namespace {

using Json = nlohmann::json;
using Kind = model::RopeScaling::Kind;

std::vector<float> Floats(const std::string& hexadecimal) {
  std::vector<float> values;
  for (std::size_t at = 0; at < hexadecimal.size(); at += 8) {
    const auto bits = static_cast<std::uint32_t>(std::stoul(hexadecimal.substr(at, 8), nullptr, 16));
    values.push_back(std::bit_cast<float>(bits));
  }
  return values;
}

// How many floats lie between the two.
std::int64_t Distance(float a, float b) {
  const auto ordered = [](float x) {
    const auto bits = std::bit_cast<std::int32_t>(x);
    return static_cast<std::int64_t>(bits < 0 ? INT32_MIN - static_cast<std::int64_t>(bits) : bits);
  };
  return std::abs(ordered(a) - ordered(b));
}

struct Tally {
  int values = 0;
  int different = 0;
  std::int64_t furthest = 0;

  void Add(std::span<const float> actual, std::span<const float> expected) {
    ASSERT_EQ(actual.size(), expected.size());
    for (std::size_t i = 0; i < actual.size(); ++i) {
      const std::int64_t distance = Distance(actual[i], expected[i]);
      ++values;
      different += distance != 0;
      furthest = std::max(furthest, distance);
    }
  }
};

model::RopeRules RulesOf(const std::string& family) {
  model::RopeRules rules;
  rules.partial = family == "phi" || family == "phi3";
  rules.partial_factor = family == "phi" ? 0.5 : 1;
  if (family == "phi3") {
    rules.scalings = {Kind::kLongrope};
    rules.original_length = 4096;
  }
  if (family == "gptj") {
    rules.theta_key = rules.partial_key = "";
    rules.dims_key = "rotary_dim";
    rules.frequencies_in_type = true;
  }
  // Tables as floats; rounding them is tested apart.
  rules.rounding = model::RotaryRounding::kOnce;
  return rules;
}

model::Rotary ReadCase(const Json& golden) {
  const TemporaryFolder folder;
  folder.Write("config.json", golden.at("config").dump());
  return model::ReadRotary(model::ConfigReader::Open(folder.path()), golden.at("head_dim").get<int>(),
                           RulesOf(golden.at("rules").get<std::string>()));
}

Json GoldenCases() {
  std::ifstream file(HEADSPEC_TEST_DATA "/golden/rotary.json");
  return Json::parse(file).at("cases");
}

std::vector<int> LengthsOf(const Json& golden) {
  std::vector<int> lengths;
  for (const Json& prompt : golden.at("prompts")) lengths.push_back(prompt.at("tokens").get<int>());
  return lengths;
}

TEST(Rotary, FrequenciesOfTheReference) {
  Tally all;
  for (const Json& golden : GoldenCases()) {
    const model::Rotary rotary = ReadCase(golden);
    const DType type = *ParseDType(golden.at("type").get<std::string>());
    const std::vector<int> lengths = EffectiveLengths(rotary, LengthsOf(golden));
    Tally tally;
    for (std::size_t p = 0; p < lengths.size(); ++p) {
      const auto expected = Floats(golden.at("prompts")[p].at("frequencies").get<std::string>());
      tally.Add(InverseFrequencies(rotary, lengths[p], type), expected);
      all.Add(InverseFrequencies(rotary, lengths[p], type), expected);
    }
    EXPECT_EQ(tally.different, 0) << golden.at("name") << ": " << tally.different << " of " << tally.values
                                  << " by up to " << tally.furthest;
  }
  RecordProperty("values", all.values);
  RecordProperty("different", all.different);
  EXPECT_GT(all.values, 2000);
}

TEST(Rotary, CosinesAndSinesOfTheReference) {
  Tally floats;
  Tally bf16;
  Tally fp16;
  for (const Json& golden : GoldenCases()) {
    const model::Rotary rotary = ReadCase(golden);
    const RotaryTables tables(std::span(&rotary, 1), LengthsOf(golden),
                              *ParseDType(golden.at("type").get<std::string>()));
    Tally tally;
    for (std::size_t p = 0; p < golden.at("prompts").size(); ++p) {
      const auto check = [&](std::span<const float> row, const Json& golden_row) {
        std::vector<float> actual(row.begin(), row.end());
        std::vector<float> expected = Floats(golden_row.get<std::string>());
        tally.Add(actual, expected);
        floats.Add(actual, expected);
        for (const DType type : {DType::kBF16, DType::kF16}) {
          std::vector<float> rounded = actual;
          std::vector<float> expected_rounded = expected;
          kernels::Round(type, rounded);
          kernels::Round(type, expected_rounded);
          (type == DType::kBF16 ? bf16 : fp16).Add(rounded, expected_rounded);
        }
      };
      for (const auto& [position, rows] : golden.at("prompts")[p].at("rows").items()) {
        check(tables.Cos(0, static_cast<int>(p), std::stoi(position)), rows[0]);
        check(tables.Sin(0, static_cast<int>(p), std::stoi(position)), rows[1]);
      }
    }
    // A cosine that is off by one can be off by two after the product.
    EXPECT_LE(tally.furthest, rotary.scaling.attention_factor == 1 ? 1 : 2) << golden.at("name");
  }
  EXPECT_GT(floats.values, 5000);
  // 476 of 11568 with glibc 2.36: torch's cosines are not the nearest floats.
  EXPECT_LT(floats.different, floats.values / 20) << floats.different << " of " << floats.values;
  EXPECT_EQ(bf16.different, 0) << "of " << bf16.values;
  EXPECT_EQ(fp16.different, 0) << "of " << fp16.values;
  RecordProperty("values", floats.values);
  RecordProperty("different", floats.different);
}

model::Rotary Plain(int dims = 8) {
  model::Rotary rotary;
  rotary.dims = dims;
  return rotary;
}

model::Rotary Scaled(Kind kind, int length) {
  model::Rotary rotary = Plain();
  rotary.scaling.kind = kind;
  rotary.scaling.factor = 2;
  rotary.scaling.max_length = rotary.scaling.original_length = length;
  rotary.scaling.short_factors = {1, 1, 1, 1};
  rotary.scaling.long_factors = {2, 2, 2, 2};
  return rotary;
}

TEST(Rotary, FrequencyLength) {
  EXPECT_EQ(FrequencyLength(Plain(), 100), 0);
  EXPECT_EQ(FrequencyLength(Scaled(Kind::kLinear, 64), 100), 0);
  const model::Rotary dynamic = Scaled(Kind::kDynamic, 64);
  EXPECT_EQ(FrequencyLength(dynamic, 63), 64);
  EXPECT_EQ(FrequencyLength(dynamic, 64), 64);
  EXPECT_EQ(FrequencyLength(dynamic, 65), 65);
  const model::Rotary longrope = Scaled(Kind::kLongrope, 64);
  EXPECT_EQ(FrequencyLength(longrope, 1), 64);
  EXPECT_EQ(FrequencyLength(longrope, 64), 64);
  EXPECT_EQ(FrequencyLength(longrope, 65), 65);
  EXPECT_EQ(FrequencyLength(longrope, 1000), 65);
}

TEST(Rotary, DynamicKeepsTheLongestPromptUntilAShortOne) {
  const std::vector<int> prompts = {40, 64, 80, 100, 64, 70, 63, 70, 65};
  EXPECT_EQ(EffectiveLengths(Scaled(Kind::kDynamic, 64), prompts),
            (std::vector<int>{64, 64, 80, 100, 100, 100, 64, 70, 70}));
  EXPECT_EQ(EffectiveLengths(Scaled(Kind::kLongrope, 64), prompts),
            (std::vector<int>{64, 64, 65, 65, 64, 65, 64, 65, 65}));
  EXPECT_EQ(EffectiveLengths(Plain(), prompts), std::vector<int>(prompts.size(), 0));
}

TEST(Rotary, TablesAreSharedByPromptsOfOneEffectiveLength) {
  const std::vector<model::Rotary> rotaries = {Plain(4), Scaled(Kind::kLongrope, 6)};
  const std::vector<int> prompts = {3, 9, 5, 12};
  const RotaryTables tables(rotaries, prompts, DType::kF32);
  EXPECT_EQ(tables.count(), 3u);
  EXPECT_EQ(&tables.Table(0, 0), &tables.Table(0, 3));
  EXPECT_EQ(&tables.Table(1, 0), &tables.Table(1, 2));
  EXPECT_EQ(&tables.Table(1, 1), &tables.Table(1, 3));
  EXPECT_NE(&tables.Table(1, 0), &tables.Table(1, 1));
  // Each is long enough for its longest prompt, and what one table alone would give.
  const RotaryTable alone(rotaries[1], 12, 12, DType::kF32);
  EXPECT_TRUE(std::ranges::equal(tables.Cos(1, 3, 11), alone.Cos(11)));
  EXPECT_TRUE(std::ranges::equal(tables.Sin(1, 1, 8), alone.Sin(8)));
  EXPECT_EQ(tables.Cos(0, 3, 11).size(), 2u);
  EXPECT_EQ(tables.Cos(1, 2, 4).size(), 4u);
}

TEST(Rotary, TablesAreRoundedAsTheFamilyDoes) {
  using model::RotaryRounding;
  model::Rotary rotary = Plain();
  for (const auto rounding : {RotaryRounding::kEachOperation, RotaryRounding::kOnceTablesRounded,
                              RotaryRounding::kOnce, RotaryRounding::kNever}) {
    rotary.rounding = rounding;
    const bool rounds =
        rounding == RotaryRounding::kEachOperation || rounding == RotaryRounding::kOnceTablesRounded;
    const RotaryTable table(rotary, 4, 4, DType::kBF16);
    std::vector<float> row(table.Sin(3).begin(), table.Sin(3).end());
    const std::vector<float> kept = row;
    kernels::Round(DType::kBF16, row);
    EXPECT_EQ(row == kept, rounds);
  }
}

// The product is rounded, not the cosine before it.
TEST(Rotary, AttentionFactorMultipliesFloats) {
  model::Rotary rotary = Plain(2);
  rotary.scaling.attention_factor = 1.190238;
  const RotaryTable table(rotary, 1, 1, DType::kBF16);
  EXPECT_EQ(table.Cos(0)[0], 1.1875f);
  EXPECT_EQ(table.Sin(0)[0], 0.0f);
}

}  // namespace
}  // namespace headspec::engine
