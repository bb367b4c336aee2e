// Both verdict rules, on the borders of each.
#include "experiment/verdict.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace headspec::experiment {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Hypothesis NotebookHypothesis() {
  Hypothesis hypothesis;
  hypothesis.target_si = 0.33;
  hypothesis.tolerance = 0.05;
  return hypothesis;
}

ModelResult Measured(double si) {
  ModelResult model;
  model.si_mean = si;
  return model;
}

ModelResult Broken(double si) {
  ModelResult model = Measured(si);
  model.error = "broken";
  return model;
}

std::vector<Reference> PhiThree() {
  return {{"Phi-3-mini (3.8B)", 0.329, 3.8, "MHA"}, {"Phi-3-medium (14B)", 0.334, 14, "GQA"}};
}

void ExpectDecision(const Decision& found, int supporting, int valid, const std::string& conclusion) {
  EXPECT_EQ(found.supporting, supporting);
  EXPECT_EQ(found.valid, valid);
  EXPECT_EQ(found.conclusion, conclusion);
  EXPECT_EQ(found.recommendation, conclusion == "HERITAGE_CONFIRMED" ? "A-Tier" : "B-Tier (unchanged)");
}

TEST(WithinTarget, IncludesTheBorder) {
  Hypothesis exact;
  exact.target_si = 0.5;
  exact.tolerance = 0.25;  // no rounding anywhere
  EXPECT_TRUE(IsWithinTarget(0.25, exact));
  EXPECT_TRUE(IsWithinTarget(0.75, exact));
  EXPECT_FALSE(IsWithinTarget(std::nextafter(0.75, 1.0), exact));
  EXPECT_FALSE(IsWithinTarget(0.2499999999999999, exact));
}

TEST(WithinTarget, IsFalseForWhatIsNoNumber) {
  EXPECT_FALSE(IsWithinTarget(kNaN, NotebookHypothesis()));
  EXPECT_FALSE(IsWithinTarget(std::numeric_limits<double>::infinity(), NotebookHypothesis()));
}

TEST(Verdict, ConfirmsByBothRulesWithFour) {
  const Verdict verdict = Decide(NotebookHypothesis(), {Measured(0.33), Measured(0.36)}, PhiThree());
  EXPECT_EQ(verdict.models_tested, 2);
  ExpectDecision(verdict.printed, 4, 4, "HERITAGE_CONFIRMED");
  ExpectDecision(verdict.stored, 4, 4, "HERITAGE_CONFIRMED");
}

// Where the notebook's two cells disagree: one of its two models failed.
TEST(Verdict, DiffersBetweenTheRulesWithThree) {
  const Verdict verdict = Decide(NotebookHypothesis(), {Measured(0.33), Broken(0.33)}, PhiThree());
  EXPECT_EQ(verdict.models_tested, 1);
  ExpectDecision(verdict.printed, 3, 3, "HERITAGE_CONFIRMED");
  ExpectDecision(verdict.stored, 3, 3, "INCONCLUSIVE");
}

TEST(Verdict, IsInconclusiveByBothRulesWithTwo) {
  const Verdict verdict = Decide(NotebookHypothesis(), {Broken(0.9), Broken(0.1)}, PhiThree());
  EXPECT_EQ(verdict.models_tested, 0);
  ExpectDecision(verdict.printed, 2, 2, "INCONCLUSIVE");
  ExpectDecision(verdict.stored, 2, 2, "INCONCLUSIVE");
}

TEST(Verdict, IsInconclusiveWithNothing) {
  const Verdict verdict = Decide(NotebookHypothesis(), {}, {});
  ExpectDecision(verdict.printed, 0, 0, "INCONCLUSIVE");
  ExpectDecision(verdict.stored, 0, 0, "INCONCLUSIVE");
}

TEST(Verdict, SeesSizeWhenAnyModelIsOutside) {
  const Verdict verdict = Decide(NotebookHypothesis(), {Measured(0.33), Measured(0.5)}, PhiThree());
  ExpectDecision(verdict.printed, 3, 4, "SIZE_CONFOUND_DETECTED");
  ExpectDecision(verdict.stored, 3, 4, "SIZE_CONFOUND_DETECTED");
}

TEST(Verdict, SeesSizeInOneModelAlone) {
  const Verdict verdict = Decide(NotebookHypothesis(), {Measured(0.9)}, {});
  ExpectDecision(verdict.printed, 0, 1, "SIZE_CONFOUND_DETECTED");
  ExpectDecision(verdict.stored, 0, 1, "SIZE_CONFOUND_DETECTED");
}

TEST(Verdict, CountsReferencesOutsideTheTarget) {
  const Verdict verdict =
      Decide(NotebookHypothesis(), {Measured(0.33), Measured(0.33)}, {{"far", 0.9, 7, "MHA"}});
  ExpectDecision(verdict.printed, 2, 3, "SIZE_CONFOUND_DETECTED");
  ExpectDecision(verdict.stored, 2, 3, "SIZE_CONFOUND_DETECTED");
}

TEST(Verdict, SaysOfEveryRowWhetherItIsWithin) {
  const Verdict verdict =
      Decide(NotebookHypothesis(), {Broken(0.33), Measured(0.33), Measured(kNaN), Measured(0.5)},
             {{"far", 0.9, 7, "MHA"}, {"near", 0.33, 7, "MHA"}});
  EXPECT_EQ(verdict.models_within_target, (std::vector<bool>{false, true, false, false}));
  EXPECT_EQ(verdict.references_within_target, (std::vector<bool>{false, true}));
}

// An undefined index was measured and supports nothing.
TEST(Verdict, CountsNaNAsOutside) {
  const Verdict verdict = Decide(NotebookHypothesis(), {Measured(kNaN), Measured(0.33)}, PhiThree());
  EXPECT_EQ(verdict.models_tested, 2);
  ExpectDecision(verdict.printed, 3, 4, "SIZE_CONFOUND_DETECTED");
}

TEST(Verdict, TakesTheMinimaOfTheManifest) {
  Hypothesis strict = NotebookHypothesis();
  strict.min_models_printed = 5;
  strict.min_models_stored = 1;
  const Verdict verdict = Decide(strict, {Measured(0.33), Measured(0.33)}, PhiThree());
  ExpectDecision(verdict.printed, 4, 4, "INCONCLUSIVE");
  ExpectDecision(verdict.stored, 4, 4, "HERITAGE_CONFIRMED");
}

}  // namespace
}  // namespace headspec::experiment
