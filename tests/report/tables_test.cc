#include "report/tables.h"

#include <gtest/gtest.h>

#include <limits>

#include "report/helpers.h"
#include "report/index_words.h"

namespace headspec::report {
namespace {

TEST(SanityBlock, ShowsEightStepsOfAPass) {
  EXPECT_EQ(SanityBlock(SampleSanity(), "microsoft/phi-1_5", 0.05),
            "SANITY CHECK (raw+bf16): microsoft/phi-1_5\n"
            "  1  load           ✓ torch.bfloat16\n"
            "  2  prompt         ✓ 'What is the capital of France and what is its pop…', no chat template\n"
            "  3  tokens         ✓ 12, no padding\n"
            "  4  forward pass   ✓ attention of every layer\n"
            "  5  layer 0        ✓ 2 layers, 2 heads; |attention| mean 0.083333, std 0.150000, finite\n"
            "  6  heads 0 and 1  ✓ different\n"
            "  7  entropy        ✓ 0.2500 to 0.7500, mean 0.5000\n"
            "  8  baseline SI    ✓ 0.3312, mean head correlation 0.6688\n"
            "  ✓ SANITY PASS: raw+bf16 (SI=0.3312)\n");
}

TEST(SanityBlock, EndsWithItsWarnings) {
  SanityResult sanity = SampleSanity();
  sanity.warnings = {"kept result x is damaged:\nmeasured again"};
  EXPECT_TRUE(SanityBlock(sanity, "m", 0.05)
                  .ends_with("(SI=0.3312)\n  Warning       kept result x is damaged: measured again\n"));
}

TEST(SanityBlock, StopsAtTheStepThatFailed) {
  SanityResult sanity = SampleSanity();
  sanity.ok = false;
  sanity.reason = "nan_inf";
  sanity.reached_step = 5;
  EXPECT_EQ(SanityBlock(sanity, "m", 0.05),
            "SANITY CHECK (raw+bf16): m\n"
            "  1  load           ✓ torch.bfloat16\n"
            "  2  prompt         ✓ 'What is the capital of France and what is its pop…', no chat template\n"
            "  3  tokens         ✓ 12, no padding\n"
            "  4  forward pass   ✓ attention of every layer\n"
            "  5  layer 0        ✗ 2 layers, 2 heads; attention holds NaN or infinity\n"
            "  ✗ SANITY FAIL: raw+bf16 (reason=nan_inf, SI=n/a)\n");
}

TEST(SanityBlock, ExplainsEveryFailure) {
  SanityResult sanity = SampleSanity();
  sanity.ok = false;
  sanity.reason = "load_failed: no such\nmodel";
  sanity.reached_step = 1;
  EXPECT_EQ(SanityBlock(sanity, "m", 0.05),
            "SANITY CHECK (raw+bf16): m\n"
            "  1  load           ✗ load_failed: no such model\n"
            "  ✗ SANITY FAIL: raw+bf16 (reason=load_failed: no such model, SI=n/a)\n");
  sanity.reason = "valid_len_too_small";
  sanity.reached_step = 3;
  sanity.valid_len = 4;
  EXPECT_NE(SanityBlock(sanity, "m", 0.05).find("  3  tokens         ✗ 4, more than 5 are needed\n"),
            std::string::npos);
  sanity.reason = "tokenization_failed: no\nvocabulary";
  sanity.valid_len = 28;
  EXPECT_NE(SanityBlock(sanity, "m", 0.05).find("  3  tokens         ✗ tokenization_failed: no vocabulary\n"),
            std::string::npos);
  sanity.reason = "degenerate_attn";
  sanity.reached_step = 5;
  EXPECT_NE(SanityBlock(sanity, "m", 0.05).find("✗ 2 layers, 2 heads; attention is all zero\n"),
            std::string::npos);
}

TEST(SanityBlock, LowIndexFailsTheLastStepAndTwinsAreACaution) {
  SanityResult sanity = SampleSanity();
  sanity.ok = false;
  sanity.reason = "baseline_si_below_threshold";
  sanity.baseline_si = 0.0312;
  sanity.heads_identical = true;
  const std::string text = SanityBlock(sanity, "m", 0.05);
  EXPECT_NE(text.find("  6  heads 0 and 1  ⚠ identical within 1e-4: the index may be 0\n"),
            std::string::npos);
  EXPECT_NE(text.find("  8  baseline SI    ✗ 0.0312, at least 0.05 is needed\n"), std::string::npos);
  EXPECT_NE(text.find("  ✗ SANITY FAIL: raw+bf16 (reason=baseline_si_below_threshold, SI=0.0312)\n"),
            std::string::npos);
}

TEST(ModelLines, ShowsArchitectureSettingsAndIndex) {
  ModelResult model = SampleModel("Phi-1.5 (1.3B)", "1.3B", 0.3412);
  model.warnings = {"no BOS token:\nthe first word is the sink",
                    "7 NaN or infinite values, the first in attention scores, layer 1, prompt 1, head 3"};
  model.numerics.non_finite = {
      .count = 7, .operation = "attention scores", .layer = 1, .prompt = 0, .head = 3};
  EXPECT_EQ(
      ModelLines(model),
      "Phi-1.5 (1.3B)  microsoft/Phi-1.5\n"
      "  Architecture  MHA, 2 layers, 2 heads, 2 key-value heads, d_head 4\n"
      "  rho           head 0.7071, kv 1.0000\n"
      "  Settings      torch.bfloat16, no chat template (raw+bf16)\n"
      "  SI            0.3412\n"
      "  Correlation   0.6588\n"
      "  Warning       no BOS token: the first word is the sink\n"
      "  Warning       7 NaN or infinite values, the first in attention scores, layer 1, prompt 1, head 3\n");
}

TEST(ModelLines, ShowsTheIntervalAndTheReading) {
  ModelResult model = SampleModel("phi", "1B", 0.3412);
  model.statistics.index = SampleStatistics();
  EXPECT_NE(ModelLines(model).find("  SI            0.3412, 95 % interval over prompts 0.3309 to 0.3522\n"
                                   "  Correlation   0.6588\n"
                                   "  Reading       SI 0.341 is what heads shuffled within layers give\n"),
            std::string::npos)
      << ModelLines(model);
}

TEST(ModelLines, SaysWhyThereIsNoInterval) {
  ModelResult model = SampleModel("phi", "1B", 0.3412);
  model.statistics.index.bootstrap.reason = "one prompt: nothing to resample";
  EXPECT_NE(ModelLines(model).find(
                "  SI            0.3412, no interval over prompts (one prompt: nothing to resample)\n"),
            std::string::npos);
}

TEST(SupportBlock, ShowsEachModelAgainstTheTargetAndTheReadings) {
  RunResult run = SampleRun();
  EXPECT_EQ(SupportBlock(run), "");
  run.models[0].statistics.index = SampleStatistics();
  run.readings = {"no trend\nover size"};
  EXPECT_EQ(SupportBlock(run),
            "WHAT THE STATISTICS SUPPORT\n"
            "  Phi-1.5 (1.3B): within the tolerance by the point rule\n"
            "  no trend over size\n");
}

TEST(ModelLines, SaysWhenAnEarlierRunMeasured) {
  ModelResult model = SampleModel("phi", "1B", 0.5);
  EXPECT_EQ(ModelLines(model).find("Reused"), std::string::npos);
  model.timing.reused_from = "20260113_181926";
  EXPECT_NE(ModelLines(model).find("  Reused        measured 2026-01-13 18:19:26; --fresh measures again\n"),
            std::string::npos);
}

TEST(ModelLines, SaysWhenTheIndexIsUndefined) {
  ModelResult model = SampleModel("phi", "1B", std::numeric_limits<double>::quiet_NaN());
  EXPECT_NE(ModelLines(model).find("  SI            undefined\n  Correlation   undefined\n"),
            std::string::npos);
}

TEST(ModelLines, FailedModelShowsItsError) {
  EXPECT_EQ(ModelLines(FailedModel("phi", "1B", "out of memory")),
            "phi  microsoft/phi\n  Error         out of memory\n");
}

TEST(ModelLines, MeasuredAloneItNamesTheDtypeOnly) {
  ModelResult model = SampleModel("phi", "1B", 0.5);
  model.model = "phi";
  model.sanity_override = {};
  const std::string text = ModelLines(model);
  EXPECT_EQ(text.substr(0, text.find('\n')), "phi");
  EXPECT_NE(text.find("  Settings      torch.bfloat16\n"), std::string::npos);
}

TEST(ModelLine, SaysWhatIsDoneInOneLine) {
  ModelResult model = SampleModel("Phi-1.5", "1.4B", 0.3412);
  model.timing = {};
  model.timing.load_seconds = 0.25;
  model.timing.forward_seconds = 12.5;
  EXPECT_EQ(ModelLine(model, 10), "Phi-1.5     SI 0.3412                      MHA, 2 x 2 heads    12.8 s\n");
  model.statistics.index = SampleStatistics();
  model.timing.reused_from = "20260113_181926";
  model.warnings = {"a warning"};
  EXPECT_EQ(ModelLine(model, 10),
            "Phi-1.5     SI 0.3412 (0.3309 to 0.3522)   MHA, 2 x 2 heads    reused\n  ⚠ a warning\n");
}

TEST(HypothesisBlock, StatesBothAndTheTarget) {
  EXPECT_EQ(HypothesisBlock(SampleRun().plan),
            "B11 SIZE CONFOUND HYPOTHESIS TEST\n"
            "  H0            Heritage: SI ~ 0.33 regardless of size\n"
            "  H1            Size: SI varies with model size\n"
            "  Target SI     0.33 +/- 0.05\n");
  EXPECT_EQ(HypothesisBlock(MeasureRun().plan), "");
}

TEST(LadderTable, ShowsModelsReferencesAndWhoIsWithin) {
  RunResult run = SampleRun();
  run.models[0].statistics.index = SampleStatistics();
  run.models[1].si_mean = 0.4;
  run.models.push_back(
      FailedModel("Phi-x", "7B", "cannot read model.safetensors: it ends after 12 bytes of 4096"));
  run.verdict->models_within_target = {true, false, false};
  EXPECT_EQ(LadderTable(run),
            "COMPLETE PHI FAMILY SIZE LADDER\n"
            "Model               Size  SI                         Within target?  Arch\n"
            "-------------------------------------------------------------------------\n"
            "Phi-1.5 (1.3B)      1.3B  0.3412 (0.3309 to 0.3522)  ✓ YES           MHA\n"
            "Phi-2 (2.7B)        2.7B  0.4000                     ✗ NO            MHA\n"
            "Phi-x               7B    ERROR: cannot read model.safetensors: it ends after 12 bytes of 40…\n"
            "-------------------------------------------------------------------------\n"
            "Reference:\n"
            "Phi-3-mini (3.8B)   3.8B  0.3290                     ✓ YES           MHA\n"
            "Phi-3-medium (14B)  14B   0.3340                     ✓ YES           GQA\n"
            "-------------------------------------------------------------------------\n"
            "in parentheses: 95 % interval over prompts; seeds move nothing, one pass serves them all\n");
}

TEST(LadderTable, MarksWhatIsNotFinite) {
  RunResult run = SampleRun();
  run.plan.references.resize(1);
  run.models[0].numerics.non_finite = {.count = 7, .operation = "attention scores"};
  run.models[1].si_mean = run.models[1].si_std = std::numeric_limits<double>::quiet_NaN();
  run.verdict->models_within_target = {true, false};
  EXPECT_EQ(LadderTable(run),
            "COMPLETE PHI FAMILY SIZE LADDER\n"
            "Model              Size  SI         Within target?  Arch\n"
            "--------------------------------------------------------\n"
            "Phi-1.5 (1.3B)     1.3B  0.3412     ✓ YES           MHA   ⚠ not finite\n"
            "Phi-2 (2.7B)       2.7B  undefined  ✗ NO            MHA   ⚠ not finite\n"
            "--------------------------------------------------------\n"
            "Reference:\n"
            "Phi-3-mini (3.8B)  3.8B  0.3290     ✓ YES           MHA\n"
            "--------------------------------------------------------\n"
            "⚠ not finite: see the model's warning; the index is not to be trusted\n");
}

TEST(LadderTable, ShowsASpreadOverSeedsWhereThereIsOne) {
  RunResult run = MeasureRun();
  run.models[0].si_std = 0.002;
  EXPECT_EQ(LadderTable(run),
            "SIZE LADDER\n"
            "Model           Size  SI                            Arch\n"
            "--------------------------------------------------------\n"
            "Phi-1.5 (1.3B)  1.3B  0.3412 +/- 0.0020 over seeds  MHA\n"
            "Phi-2 (2.7B)    2.7B  0.3051                        MHA\n");
}

TEST(LadderTable, EndsWithWhatTheModelsDoNotHaveInCommon) {
  RunResult run = MeasureRun();
  run.warnings = {"this ladder mixes\nmodels"};
  EXPECT_TRUE(LadderTable(run).ends_with("\n⚠ this ladder mixes models\n")) << LadderTable(run);
}

TEST(LadderTable, WithoutHypothesisHasNoTargetColumnAndAlignsWideNames) {
  RunResult run = MeasureRun();
  run.models[1].display = "漢字";
  EXPECT_EQ(LadderTable(run),
            "SIZE LADDER\n"
            "Model           Size  SI      Arch\n"
            "----------------------------------\n"
            "Phi-1.5 (1.3B)  1.3B  0.3412  MHA\n"
            "漢字            2.7B  0.3051  MHA\n");
}

TEST(VerdictBlock, Confirmed) {
  EXPECT_EQ(VerdictBlock(SampleRun()),
            "VERDICT\n"
            "Models within target: 4/4\n"
            ">>> ✓ HERITAGE HYPOTHESIS CONFIRMED <<<\n"
            "    All 4 Phi models have SI ~ 0.33\n"
            "    Size does NOT affect SI in Microsoft heritage\n"
            "    B11 -> A-Tier RECOMMENDED\n");
}

TEST(VerdictBlock, OtherExperimentsSpeakOfTheirOwnModelsAndClaim) {
  RunResult run = SampleRun();
  run.plan.experiment = "nano-ladder";
  run.plan.hypothesis->claim = "N1";
  run.plan.hypothesis->target_si = 0.9;
  EXPECT_EQ(VerdictBlock(run),
            "VERDICT\n"
            "Models within target: 4/4\n"
            ">>> ✓ HERITAGE HYPOTHESIS CONFIRMED <<<\n"
            "    All 4 models have SI ~ 0.9\n"
            "    Size does NOT affect SI in this ladder\n"
            "    N1 -> A-Tier RECOMMENDED\n");
}

TEST(VerdictBlock, ManifestsNeedNotNameTheirClaim) {
  RunResult run = SampleRun();
  run.plan.hypothesis->claim = "";
  EXPECT_TRUE(HypothesisBlock(run.plan).starts_with("SIZE CONFOUND HYPOTHESIS TEST\n"));
  EXPECT_TRUE(VerdictBlock(run).ends_with("    The claim -> A-Tier RECOMMENDED\n"));
  EXPECT_NE(FinalVerdict(run).find("\nRecommendation: "), std::string::npos);
}

TEST(VerdictBlock, Confound) {
  RunResult run = SampleRun();
  const Decision confound = {3, 4, "SIZE_CONFOUND_DETECTED", "B-Tier (unchanged)"};
  run.verdict = Verdict{confound, confound, 2};
  EXPECT_EQ(VerdictBlock(run),
            "VERDICT\n"
            "Models within target: 3/4\n"
            ">>> ✗ SIZE CONFOUND DETECTED <<<\n"
            "    1/4 models outside target SI\n"
            "    Size IS a factor in SI variation\n"
            "    B11 stays B-Tier\n");
}

TEST(VerdictBlock, Inconclusive) {
  RunResult run = SampleRun();
  const Decision open = {2, 2, "INCONCLUSIVE", "B-Tier (unchanged)"};
  run.verdict = Verdict{open, open, 0};
  EXPECT_EQ(VerdictBlock(run),
            "VERDICT\n"
            "Models within target: 2/2\n"
            ">>> ⚠ INCONCLUSIVE <<<\n"
            "    Not enough data points\n");
}

TEST(VerdictBlock, SaysWhereTheStoredDecisionDiffers) {
  RunResult run = SampleRun();
  run.verdict = Verdict{.printed = {3, 3, "HERITAGE_CONFIRMED", "A-Tier"},
                        .stored = {3, 3, "INCONCLUSIVE", "B-Tier (unchanged)"},
                        .models_tested = 1};
  EXPECT_EQ(
      VerdictBlock(run),
      "VERDICT\n"
      "Models within target: 3/3\n"
      ">>> ✓ HERITAGE HYPOTHESIS CONFIRMED <<<\n"
      "    All 3 Phi models have SI ~ 0.33\n"
      "    Size does NOT affect SI in Microsoft heritage\n"
      "    B11 -> A-Tier RECOMMENDED\n"
      "    results.json stores INCONCLUSIVE, not HERITAGE_CONFIRMED: its rule asks for 4 models, the printed "
      "one for 3, and there are 3\n");
}

TEST(FinalVerdict, EndsAsTheNotebook) {
  EXPECT_EQ(FinalVerdict(SampleRun()),
            "FINAL VERDICT: HERITAGE_CONFIRMED\n"
            "B11 Recommendation: A-Tier\n"
            "Models within target: 4/4\n");
  EXPECT_EQ(FinalVerdict(MeasureRun()), "");
  EXPECT_EQ(VerdictBlock(MeasureRun()), "");
}

}  // namespace
}  // namespace headspec::report
