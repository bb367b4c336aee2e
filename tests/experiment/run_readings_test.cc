// Every way in which a verdict and the statistics beside it agree or part.
#include "experiment/run_readings.h"

#include <gtest/gtest.h>

namespace headspec::experiment {
namespace {

ModelResult Model(const std::string& display, double p, const std::string& outcome) {
  ModelResult model;
  model.display = display;
  IndexStatistics& index = model.statistics.index;
  index.null.value = NullStatistics{.shuffles = 1000, .z = 0.5, .p = p, .least_p = 0.002};
  if (!outcome.empty())
    index.equivalence.value = EquivalenceStatistics{
        .target = 0.33, .tolerance = 0.05, .interval_90 = {0.3, 0.36}, .outcome = outcome};
  return model;
}

RunResult Ladder(const std::string& conclusion, const std::vector<std::string>& outcomes) {
  RunResult run;
  run.plan.hypothesis = Hypothesis{.claim = "B11", .h0 = "", .h1 = "", .target_si = 0.33, .tolerance = 0.05};
  for (const std::string& outcome : outcomes)
    run.models.push_back(Model(std::string(1, static_cast<char>('a' + run.models.size())), 0.5, outcome));
  run.verdict = Verdict{.printed = {0, 0, conclusion, ""}, .stored = {0, 0, "INCONCLUSIVE", ""}};
  return run;
}

void SetSlope(RunResult& run, const Interval& interval) {
  run.trend.on_log_size.value = LineStatistics{.n = 4, .slope_95 = interval};
}

// The sentence beside the verdict; empty if there is none.
std::string Beside(const RunResult& run) {
  const std::string prefix = "verdict and statistics: ";
  const std::string last = ReadRun(run, "trend").back();
  return last.starts_with(prefix) ? last.substr(prefix.size()) : "";
}

TEST(ReadRun, AConfirmedLadderMayAgree) {
  RunResult run = Ladder("HERITAGE_CONFIRMED", {"equivalent", "equivalent"});
  EXPECT_EQ(Beside(run),
            "they agree that every value lies near the target; that size does not matter is more than so few "
            "models can show");
  SetSlope(run, {-0.01, 0.01});
  EXPECT_TRUE(Beside(run).starts_with("they agree"));
}

TEST(ReadRun, AConfirmedLadderPartsFromIntervalsThatReachOut) {
  EXPECT_EQ(
      Beside(Ladder("HERITAGE_CONFIRMED", {"equivalent", "undecided", "", "different"})),
      "they part: the verdict counts values within the tolerance, and for b, c, d the interval over prompts "
      "does not lie within it");
}

TEST(ReadRun, AConfirmedLadderPartsFromATrend) {
  RunResult run = Ladder("HERITAGE_CONFIRMED", {"equivalent", "equivalent"});
  SetSlope(run, {0.001, 0.01});
  EXPECT_TRUE(Beside(run).starts_with("they part: every value lies near the target")) << Beside(run);
}

TEST(ReadRun, AConfoundWithoutATrendIsNotOfSize) {
  RunResult run = Ladder("SIZE_CONFOUND_DETECTED", {"equivalent", "different"});
  EXPECT_TRUE(
      Beside(run).starts_with("they part: that values lie outside the tolerance is supported, that size"));
  SetSlope(run, {-0.01, 0.01});
  EXPECT_TRUE(Beside(run).starts_with("they part"));
  SetSlope(run, {-0.02, -0.01});
  EXPECT_TRUE(Beside(run).starts_with("they agree that values lie outside"));
}

TEST(ReadRun, AConfoundOfUndecidedModelsCouldTurn) {
  RunResult run = Ladder("SIZE_CONFOUND_DETECTED", {"equivalent", "undecided"});
  run.verdict->references_within_target = {true, true};
  EXPECT_TRUE(Beside(run).ends_with("other prompts could turn the verdict")) << Beside(run);
  run.verdict->references_within_target = {true, false};
  EXPECT_TRUE(Beside(run).find("only references") != std::string::npos) << Beside(run);
}

TEST(ReadRun, TooFewModelsSaySo) {
  EXPECT_EQ(Beside(Ladder("INCONCLUSIVE", {"equivalent"})),
            "the rule has too few models, and each model's interval stands for itself");
}

TEST(ReadRun, CountsOutcomesAndReferences) {
  RunResult run = Ladder("INCONCLUSIVE", {"equivalent", "different", "undecided", ""});
  run.plan.references = {{"r", 0.33, 1, "MHA"}};
  EXPECT_EQ(ReadRun(run, "trend")[1],
            "against the target, of 4 measured models: 1 equivalent, 1 different, 2 undecided; 1 reference "
            "without an interval");
}

TEST(ReadRun, WarnsOfAPassThatWasNotFinite) {
  RunResult run = Ladder("INCONCLUSIVE", {"equivalent", "equivalent"});
  run.models[1].numerics.non_finite.count = 7;
  EXPECT_EQ(ReadRun(run, "trend")[0],
            "not to be trusted, as the pass held NaN or infinite values: all that is said of b");
}

TEST(ReadRun, NamesModelsBeyondTheirNull) {
  RunResult run = Ladder("", {"", ""});
  run.plan.hypothesis.reset();
  run.verdict.reset();
  EXPECT_EQ(
      ReadRun(run, "trend"),
      (std::vector<std::string>{"in 2 of 2 models SI does not stand out from heads shuffled within layers: "
                                "nothing shows that it sees which head does what",
                                "trend"}));
  run.models[1].statistics.index.null.value->p = 0.01;
  EXPECT_EQ(ReadRun(run, "trend")[0], "SI stands out from heads shuffled within layers in 1 of 2 models: b");
  run.models[0].statistics.index.null.value.reset();
  run.models[1].error = "broken";
  EXPECT_EQ(ReadRun(run, "trend"), std::vector<std::string>{"trend"});
}

}  // namespace
}  // namespace headspec::experiment
