#include "report/baselines_report.h"

#include <gtest/gtest.h>

#include <limits>

#include "report/helpers.h"
#include "report/read_results.h"
#include "report/results_json.h"

namespace headspec::report {
namespace {

RunResult RunWithBaselines() {
  RunResult run = MeasureRun();
  run.models[0].head_metrics = {{.name = "sink_mass", .mean = {{0.5, 0.25}, {0.25, 1}}}};
  run.models[0].baselines =
      Baselines{.uniform_head = {{"received_entropy", 0.875}, {"sink_mass", 0.125}},
                .random_weights = RandomWeights{42, 0.02, 0.75, {{0.5, 0.5}, {0.25, 0.75}}},
                .no_random_weights = ""};
  run.models[1].baselines =
      Baselines{.uniform_head = {{"query_entropy", std::numeric_limits<double>::quiet_NaN()}},
                .random_weights = {},
                .no_random_weights = "random weights: x is F8_E4M3"};
  return run;
}

TEST(Baselines, AreOneTable) {
  EXPECT_EQ(BaselineTable(RunWithBaselines()),
            "Baselines: Phi-1.5 (1.3B)\n"
            "  Mean over heads     Model       Uniform head  Random weights\n"
            "  SI                  0.3412      -             0.7500\n"
            "  received_entropy    0.6250      0.8750        0.5000\n"
            "  sink_mass           0.5000      0.1250        -\n"
            "\n"
            "Baselines: Phi-2 (2.7B)\n"
            "  Mean over heads     Model       Uniform head  Random weights\n"
            "  SI                  0.3051      -             -\n"
            "  query_entropy       -           -             -\n"
            "  no random weights: random weights: x is F8_E4M3\n");
  EXPECT_EQ(BaselineTable(SampleRun()), "");
}

TEST(Baselines, AreInvertedInTheJson) {
  const std::string text = ResultsJson(RunWithBaselines());
  EXPECT_NE(text.find("\"no_random_weights\": \"random weights: x is F8_E4M3\""), std::string::npos);
  EXPECT_EQ(ResultsJson(ReadResults(text, "results.json")), text);
}

}  // namespace
}  // namespace headspec::report
