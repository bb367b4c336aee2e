// From a manifest to a page: real points of a tiny family at a few steps of its training.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "sweep/cell.h"
#include "sweep/gather.h"
#include "sweep/plan.h"
#include "temporary_folder.h"

namespace headspec::sweep {
namespace {

class Quiet : public Observer {};

std::string Content(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

double QueryEntropy(const SweepPoint& point) {
  for (const auto& [name, value] : point.metrics) {
    if (name == "query_entropy") return value.value;
  }
  return std::nan("");
}

TEST(Family, IsMeasuredGatheredAndSaved) {
  const TemporaryFolder temporary;
  const char* keep = std::getenv("HEADSPEC_KEEP");  // a folder in which the sweep stays to be looked at
  const std::filesystem::path folder = keep != nullptr ? keep : temporary.path() / "sweep";
  const std::string manifest = R"(experiment = "Family over training"
purpose = "From the first weights to the last"
[[sweep]]
models = [")" + std::string(HEADSPEC_SOURCE_DIR) +
                               R"(/data/family/neox-191k"]
revisions = )" + (keep != nullptr ? R"(["step*"])" : R"(["step0", "step16", "step5000"])") +
                               R"(
dtypes = ["float32"]
)";
  Quiet observer;
  SilentProgress silent;
  const SweepPlan plan = MakePlan(temporary.Write("sweep.toml", manifest), {}, observer);
  for (const SweepCell& cell : plan.cells) {
    const auto failure = MeasureCell(plan, cell, folder, {}, observer);
    ASSERT_FALSE(failure) << failure->error;
  }
  const SweepResult result = Gather(plan, {folder}, silent);
  ASSERT_EQ(result.curves.size(), 1u);
  const SweepCurve& curve = result.curves[0];
  ASSERT_EQ(curve.rows.size(), plan.cells.size());
  EXPECT_EQ(curve.parameters, 190608u);
  for (const std::size_t row : curve.rows) {
    const SweepPoint& point = *result.rows[row].point;
    ASSERT_TRUE(point.si.interval_95 && point.depth_share.interval_95 && point.entropy.interval_95 &&
                point.null_p);
    EXPECT_GT(point.metrics.size(), 5u);
    EXPECT_EQ(point.prompts, 10);
  }
  EXPECT_EQ(result.rows[curve.rows.front()].cell.step, 0);
  // An untrained head attends almost evenly to what it sees.
  EXPECT_GT(QueryEntropy(*result.rows[curve.rows.front()].point), 0.99);
  EXPECT_LT(QueryEntropy(*result.rows[curve.rows.back()].point), 0.95);
  EXPECT_TRUE(result.readings.at(0).starts_with("neox-191k: SI ")) << result.readings[0];
  EXPECT_EQ(SaveSweep(result, folder, silent).figure_error, "");
  const std::string page = Content(folder / "report.html");
  EXPECT_NE(page.find("\"folder\":[\"models/"), std::string::npos);
}

}  // namespace
}  // namespace headspec::sweep
