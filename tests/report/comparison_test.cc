// A pair on the console, in JSON and in the figure, with what may be missing missing.
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "report/comparison_figure.h"
#include "report/comparison_json.h"
#include "report/comparison_table.h"
#include "temporary_folder.h"

namespace headspec::report {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

PairSide Side(const std::string& name, double index) {
  PairSide side;
  side.name = name;
  side.source = "measured";
  side.layers = side.heads = side.kv_heads = 2;
  side.specialization_index = index;
  side.mean_head_correlation = 1 - index;
  side.mean_head_variance = 0.01;
  side.late_variance = 0.01;
  side.layer_variances = {0.01, 0.01};
  side.head_correlation = {{1, kNaN}, {kNaN, kNaN}};
  side.constant_heads = {1};
  side.entropies = {{0.5, 0.25}, {0.75, 0.25}};
  side.null_reading = "no null";
  return side;
}

Comparison Pair() {
  Comparison pair;
  pair.base = Side("org/it's \"base\"", 0.5);
  pair.tuned = Side("org/tuned\n`x`", 0.25);
  pair.verdict = {"A_CONFIRMED", true, true, false};
  pair.deltas = {{.name = "specialization",
                  .value = -0.25,
                  .bootstrap = {},
                  .why_no_bootstrap = "one prompt",
                  .null = {},
                  .why_no_null = "one layer",
                  .bootstrap_reading = "no interval",
                  .null_reading = "no null"}};
  pair.notes = {"a note"};
  pair.warnings = {"a warning"};
  return pair;
}

TEST(ComparisonTable, HasADashForWhatIsNotDefined) {
  const std::string text = ComparisonTable(Pair());
  EXPECT_NE(text.find("specialization index         0.50000     0.25000    -0.25000\n"), std::string::npos)
      << text;
  EXPECT_NE(text.find("  early layers                     -           -           -\n"), std::string::npos)
      << text;
  EXPECT_NE(text.find("VERDICT: A_CONFIRMED\nnote: a note\n⚠ a warning\n"), std::string::npos) << text;
}

TEST(ComparisonJson, HasNullAndAReasonForWhatIsNotDefined) {
  const auto json = nlohmann::json::parse(ComparisonJson(Pair()));
  const auto& base = json.at("results").at("base").at("specialization");
  EXPECT_TRUE(base.at("early_variance").is_null());
  EXPECT_TRUE(base.at("head_correlation_matrix").at(0).at(1).is_null());
  EXPECT_FALSE(json.at("results").at("base").contains("gqa_metrics"));
  EXPECT_EQ(json.at("statistics").at("delta_specialization").at("bootstrap").at("reason"), "one prompt");
  EXPECT_EQ(json.at("results").at("verdict").at("delta_specialization"), -0.25);
}

class ComparisonFigure : public TemporaryFolderTest {};

TEST_F(ComparisonFigure, DrawsConstantHeadsOddNamesAndShapesThatDiffer) {
  Comparison pair = Pair();
  RenderFigure(DescribeComparisonFigure(pair), folder_);
  for (const char* name : kFigureFiles) std::filesystem::remove(folder_ / name);
  pair.map_difference = Table{{0, 0}, {0, 0}};
  pair.base.entropies = {{0.5, 0.5}, {0.5, 0.5}};
  RenderFigure(DescribeComparisonFigure(pair), folder_);
  for (const char* name : kFigureFiles) EXPECT_TRUE(std::filesystem::exists(folder_ / name)) << name;
}

}  // namespace
}  // namespace headspec::report
