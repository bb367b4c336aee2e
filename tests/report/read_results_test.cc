#include "report/read_results.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "report/helpers.h"
#include "report/json_text.h"
#include "report/results_json.h"

namespace headspec::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
const std::string kNext = "; the file was changed or damaged: take the one that headspec wrote";

void ExpectSame(const RunResult& run) {
  const std::string text = ResultsJson(run);
  EXPECT_EQ(ResultsJson(ReadResults(text, "results.json")), text);
}

SanityResult StoppedAt(int step, const std::string& reason) {
  SanityResult sanity = SampleSanity();
  sanity.ok = false;
  sanity.reason = reason;
  sanity.reached_step = step;
  return sanity;
}

TEST(ReadResults, InvertsResultsJson) {
  ExpectSame(SampleRun());
  ExpectSame(MeasureRun());
}

// Two models and one that failed, as a program of this version wrote them.
TEST(ReadResults, InvertsAWholeFile) {
  const std::string text = ReadFile(std::filesystem::path(HEADSPEC_TEST_DATA) / "golden" / "results.json");
  EXPECT_EQ(ResultsJson(ReadResults(text, "results.json")), text);
}

TEST(ReadResults, InvertsFailedModels) {
  RunResult run = SampleRun();
  run.models[1] = FailedModel("Phi-2 (2.7B)", "", "out of memory");
  run.verdict->models_within_target = {true, false};
  ExpectSame(run);
  run.models[0] = run.models[1];
  ExpectSame(run);
  EXPECT_EQ(ReadResults(ResultsJson(run), "results.json").models[1].error, "out of memory");
}

TEST(ReadResults, InvertsNullsForWhatIsNotFinite) {
  RunResult run = SampleRun();
  ModelResult& model = run.models[0];
  model.si_mean = kNaN;
  model.si_values = {kNaN, kNaN, kNaN};
  model.statistics = {.head_correlation = {{1.0, kNaN}, {kNaN, kNaN}}, .constant_heads = {1}};
  model.numerics.max_abs_score = {std::numeric_limits<double>::infinity(), -0.0};
  model.numerics.non_finite = {
      .count = 7, .operation = "attention scores", .layer = 1, .prompt = 0, .head = 3};
  ExpectSame(run);
}

TEST(ReadResults, InvertsStatistics) {
  RunResult run = SampleRun();
  run.models[0].statistics.index = SampleStatistics();
  IndexStatistics& other = run.models[1].statistics.index;
  other = SampleStatistics();
  other.seed = -7;
  other.null.value->z.reset();
  other.shares.value->icc.reset();
  other.bootstrap.value->bca_95.reset();
  other.bootstrap.value->bca_90.reset();
  other.bootstrap.value->why_no_bca = "no prompt changes the value";
  other.equivalence = {.value = {}, .reason = "no target"};
  other.readings = {};
  run.trend = {
      .measured = 2,
      .references = 2,
      .on_size = {LineStatistics{.n = 4, .slope_error = 0.1, .slope_95 = Interval{-0.1, 0.1}, .p = 1}},
      .on_log_size = {.value = {}, .reason = "all models have one size"}};
  run.readings = {"no trend", ""};
  ExpectSame(run);
  const RunResult again = ReadResults(ResultsJson(run), "results.json");
  EXPECT_EQ(again.models[0].statistics.index, run.models[0].statistics.index);
  EXPECT_EQ(again.models[1].statistics.index, other);
  EXPECT_EQ(again.trend, run.trend);
  EXPECT_EQ(again.readings, run.readings);
}

TEST(ReadResults, InvertsEverySanityOutcome) {
  for (const int step : {1, 3, 4, 5, 6, 7}) {
    RunResult run = SampleRun();
    run.sanity = StoppedAt(step, "stopped");
    run.sanity_attempts = {*run.sanity};
    run.sanity_override = {};
    ExpectSame(run);
  }
  RunResult run = SampleRun();
  run.sanity = StoppedAt(8, "baseline_si_below_threshold");
  run.sanity->baseline_si = kNaN;
  run.sanity_attempts = {StoppedAt(5, "nan_inf"), *run.sanity};
  ExpectSame(run);
  run.sanity.reset();  // as `headspec sanity` where nothing passed
  run.sanity_override = {};
  run.models.clear();
  run.verdict.reset();
  run.plan.protocol.variants = {{true, Precision::kBFloat16, "chat+bf16"}};
  ExpectSame(run);
}

TEST(ReadResults, InvertsWithoutHypothesisOrVerdict) {
  RunResult run = SampleRun();
  run.verdict.reset();
  ExpectSame(run);
  run.plan.hypothesis.reset();
  ExpectSame(run);
}

TEST(ReadResults, InvertsStringsAndSettingsOfAllKinds) {
  RunResult run = SampleRun();
  run.models[0].display = "a\"b\\c\n\x01\xff";
  run.models[0].tokens = {{"\xe2\x9c", "\""}, {""}};
  run.models[0].token_roles = {{"template", "special"}, {"text"}};
  run.models[0].warnings = {"no BOS token"};
  run.models[0].timing.reused_from = "20260101_000000";
  run.models[1].numerics.dtype = "torch.float32";
  run.models[1].numerics.profile = "exact";
  run.models[1].provenance.repository = "microsoft/phi-2";
  run.models[1].provenance.revision = std::string(40, 'b');
  run.models[1].provenance.chat_template_sha256 = std::string(64, 'c');
  run.plan.protocol.rerun_seeds = true;
  run.plan.protocol.seeds = {-1, std::numeric_limits<std::int64_t>::max()};
  run.sanity_override.use_chat_template = true;
  run.environment.commit = std::string(40, 'd') + "-dirty";
  run.warnings = {"this ladder mixes"};
  ExpectSame(run);
}

// Files of before do not say what their tokens are there for, and are written as they were.
TEST(ReadResults, RolesMayBeAbsent) {
  RunResult run = SampleRun();
  for (ModelResult& model : run.models) model.token_roles.clear();
  ExpectSame(run);
  EXPECT_TRUE(ReadResults(ResultsJson(run), "results.json").models[0].token_roles.empty());
  EXPECT_EQ(ReadResults(ResultsJson(SampleRun()), "results.json").models[0].token_roles,
            SampleRun().models[0].token_roles);
}

TEST(ReadResults, KeepsWhatTheTablesNeed) {
  const RunResult run = ReadResults(ResultsJson(SampleRun()), "results.json");
  ASSERT_EQ(run.plan.ladder.size(), 2u);
  EXPECT_EQ(run.plan.ladder[1].display, "Phi-2 (2.7B)");
  EXPECT_EQ(run.verdict->models_within_target, (std::vector<bool>{true, true}));
  EXPECT_EQ(run.plan.hypothesis->claim, "B11");
  EXPECT_EQ(run.plan.references[1].name, "Phi-3-medium (14B)");
}

TEST(ReadResults, NamesThePlaceOfEveryFault) {
  const Json good = Json::parse(ResultsJson(SampleRun()));
  const auto error = [&](const auto& change) {
    Json broken = good;
    change(broken);
    return ErrorOf([&] { ReadResults(JsonText(broken), "out/results.json"); }, ErrorKind::kInput);
  };
  EXPECT_EQ(
      error([](Json& j) {
        j["results"][0]["statistics"]["permutation_null"] = {{"reason", "none"}, {"p", 1}};
      }),
      "out/results.json: $.results[0].statistics.permutation_null: expected known keys only, found \"p\"" +
          kNext);
  EXPECT_EQ(error([](Json& j) { j["results"][0]["statistics"]["seed"] = nullptr; }),
            "out/results.json: $.results[0].statistics.seed: expected an integer, found null" + kNext);
  EXPECT_EQ(error([](Json& j) {
              j["trend"]["on_size"] = {{"n", 3}, {"slope", nullptr}};
            }),
            "out/results.json: $.trend.on_size.slope: expected a number, found null" + kNext);
  EXPECT_EQ(error([](Json& j) { j.erase("timestamp"); }),
            "out/results.json: $: expected a key \"timestamp\", found none" + kNext);
  EXPECT_EQ(error([](Json& j) { j["extra"] = 1; }),
            "out/results.json: $: expected known keys only, found \"extra\"" + kNext);
  EXPECT_EQ(error([](Json& j) { j["results"][0]["si_mean"] = "0.33"; }),
            "out/results.json: $.results[0].si_mean: expected a number or null, found \"0.33\"" + kNext);
  EXPECT_EQ(
      error([](Json& j) { j["results"][1]["head_entropies"][1][0] = true; }),
      "out/results.json: $.results[1].head_entropies[1][0]: expected a number or null, found true" + kNext);
  EXPECT_EQ(
      error([](Json& j) { j["results"][1]["head_entropies"][1].push_back(1); }),
      "out/results.json: $.results[1].head_entropies[1]: expected 2 numbers, as in the first row, found a "
      "list of 3" +
          kNext);
  EXPECT_EQ(error([](Json& j) { j["results"][1]["head_entropies"].erase(0); }),
            "out/results.json: $.results[1].head_entropies: expected 2 rows of 2, found 1 rows of 2" + kNext);
  EXPECT_EQ(
      error([](Json& j) { j["results"][0]["token_ids"].erase(0); }),
      "out/results.json: $.results[0].token_ids: expected a list of 2, one for each of prompts_text, found a "
      "list of 1" +
          kNext);
  EXPECT_EQ(error([](Json& j) { j["results"][0]["token_roles"][0][1] = "BOS"; }),
            "out/results.json: $.results[0].token_roles[0][1]: expected one of bos, template, special, text, "
            "found \"BOS\"" +
                kNext);
  EXPECT_EQ(
      error([](Json& j) { j["results"][0]["token_roles"][0].erase(0); }),
      "out/results.json: $.results[0].token_roles[0]: expected a list of 2, one for each token, found a "
      "list of 1" +
          kNext);
  EXPECT_EQ(error([](Json& j) { j["results"][0]["token_roles"].erase(0); }).substr(0, 70),
            "out/results.json: $.results[0].token_roles[0]: expected a list of 2, o");
  EXPECT_EQ(
      error([](Json& j) { j["results"][0]["token_roles"].erase(1); }),
      "out/results.json: $.results[0].token_roles: expected a list of 2, one for each of tokens, found a "
      "list of 1" +
          kNext);
  EXPECT_EQ(error([](Json& j) { j["results"][0]["numerics"]["dtype"] = "torch.int8"; }),
            "out/results.json: $.results[0].numerics.dtype: expected torch.bfloat16, torch.float16 or "
            "torch.float32, found \"torch.int8\"" +
                kNext);
  EXPECT_EQ(
      error([](Json& j) { j["results"][0]["numerics"]["products"] = "none"; }),
      "out/results.json: $.results[0].numerics.products: expected one of float32 fused multiply-add, float32 "
      "multiply and add, AMX-BF16, AVX512-BF16, found \"none\"" +
          kNext);
  EXPECT_EQ(error([](Json& j) { j["methodology"]["max_length"] = 1e9; }),
            "out/results.json: $.methodology.max_length: expected an integer, found 1000000000.0" + kNext);
  EXPECT_EQ(
      error([](Json& j) { j["methodology"]["max_length"] = 3'000'000'000; }),
      "out/results.json: $.methodology.max_length: expected an integer of 32 bits, found 3000000000" + kNext);
  EXPECT_EQ(error([](Json& j) { j["results"][0]["num_layers"] = 0; }),
            "out/results.json: $.results[0].num_layers: expected an integer from 1 on, found 0" + kNext);
  EXPECT_EQ(error([](Json& j) { j["results"][0]["provenance"]["parameters"] = -1; }),
            "out/results.json: $.results[0].provenance.parameters: expected an integer from 0 on, found -1" +
                kNext);
  EXPECT_EQ(error([](Json& j) { j["results"] = Json::object(); }),
            "out/results.json: $.results: expected a list, found an object" + kNext);
  EXPECT_EQ(
      error([](Json& j) { j["schema_version"] = 2; }),
      "out/results.json: $.schema_version: expected 1, found 2; a newer headspec wrote the file: read it "
      "with that one");
  EXPECT_EQ(error([](Json& j) { j["schema_version"] = 0; }),
            "out/results.json: $.schema_version: expected 1, found 0" + kNext);
  EXPECT_EQ(error([](Json& j) { j.erase("hypothesis"); }),
            "out/results.json: $: expected a key \"hypothesis\", found none" + kNext);
}

TEST(ReadResults, RefusesWhatIsNoJson) {
  EXPECT_EQ(ErrorOf([] { ReadResults("{", "results.json"); }, ErrorKind::kInput).substr(0, 24),
            "results.json: not JSON (");
  ErrorOf([] { ReadResults(std::string(1000, '['), "results.json"); }, ErrorKind::kInput);
  ErrorOf([] { ReadResults("", "results.json"); }, ErrorKind::kInput);
  ErrorOf([] { ReadResults("[]", "results.json"); }, ErrorKind::kInput);
}

// Whatever value is exchanged for another: a result or one line, never anything else.
TEST(ReadResults, SurvivesEveryExchangedValue) {
  const Json good = Json::parse(ResultsJson(SampleRun()));
  const Json flat = good.flatten();
  int refused = 0;
  for (const auto& [pointer, value] : flat.items()) {
    for (const Json& other :
         {Json(nullptr), Json("x"), Json(-1), Json(1e300), Json::array({1}), Json::object()}) {
      Json broken = good;
      broken[Json::json_pointer(pointer)] = other;
      try {
        ResultsJson(ReadResults(JsonText(broken), "results.json"));
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kInput);
        EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, static_cast<int>(flat.size()));
}

}  // namespace
}  // namespace headspec::report
