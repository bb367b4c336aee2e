#include "report/results_json.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "report/helpers.h"
#include "report/json_text.h"

namespace headspec::report {
namespace {

using Json = nlohmann::ordered_json;
using Keys = std::vector<std::string>;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

const std::string kSchema = std::string(HEADSPEC_SOURCE_DIR) + "/docs/results.schema.json";
const std::string kChecker = std::string(HEADSPEC_TEST_DATA) + "/schema_check.py";

Json Written(const RunResult& run) { return Json::parse(ResultsJson(run)); }

Keys KeysOf(const Json& object) {
  Keys keys;
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  return keys;
}

CommandResult CheckSchema(const std::string& json) {
  const TemporaryFolder folder;
  PutFile(folder.path() / "results.json", json);
  return RunCommand("cd '" + folder.path().string() + "' && python3 '" + kChecker + "' '" + kSchema +
                    "' results.json");
}

void ExpectFits(const RunResult& run) {
  const CommandResult check = CheckSchema(ResultsJson(run));
  EXPECT_EQ(check.status, 0) << check.output;
  EXPECT_EQ(check.output, "1 file(s) fit the schema\n");
}

TEST(JsonText, WritesRowsOnOneLineAndObjectsIndented) {
  const Json json = {{"empty", Json::array()},
                     {"none", Json::object()},
                     {"row", {1, 2.5, kNaN, "a\"b", nullptr, true}},
                     {"table", {{0.1, 14.0}, {1e-5, 1e300}}}};
  EXPECT_EQ(JsonText(json),
            "{\n"
            "  \"empty\": [],\n"
            "  \"none\": {},\n"
            "  \"row\": [1, 2.5, null, \"a\\\"b\", null, true],\n"
            "  \"table\": [\n"
            "    [0.1, 14.0],\n"
            "    [1e-05, 1e+300]\n"
            "  ]\n"
            "}\n");
}

TEST(JsonText, ReplacesInvalidUtf8) { EXPECT_EQ(JsonText(Json("a\xff")), "\"a\uFFFD\"\n"); }

TEST(ResultsJson, HasTheNotebooksKeysInItsOrderAndThenOurs) {
  const Json json = Written(SampleRun());
  EXPECT_EQ(KeysOf(json), (Keys{"experiment", "purpose", "timestamp", "hypothesis", "methodology",
                                "sanity_result", "results", "reference_phi3", "verdict", "schema_version",
                                "headspec_version", "verdict_printed", "trend", "readings", "sanity_attempts",
                                "prompts_text", "environment", "warnings"}));
  EXPECT_EQ(KeysOf(json["hypothesis"]), (Keys{"H0", "H1", "target_si", "tolerance"}));
  EXPECT_EQ(KeysOf(json["methodology"]),
            (Keys{"standard", "seeds", "prompts", "prompt_md5", "max_length", "padding", "use_cache",
                  "chat_template", "dtype", "sanity_check", "sanity_override"}));
  EXPECT_EQ(KeysOf(json["methodology"]["sanity_override"]), (Keys{"use_chat_template", "dtype", "label"}));
  EXPECT_EQ(
      KeysOf(json["sanity_result"]),
      (Keys{"ok", "label", "use_chat_template", "dtype", "valid_len", "num_layers", "num_heads",
            "attn_abs_mean", "attn_std", "entropy_range", "baseline_si", "mean_corr", "heads_identical"}));
  EXPECT_EQ(KeysOf(json["results"][0]), (Keys{"model",         "display",        "size",
                                              "architecture",  "num_layers",     "num_heads",
                                              "num_kv_heads",  "hidden_size",    "d_head",
                                              "rho_head",      "rho_kv",         "sanity_override",
                                              "si_mean",       "si_std",         "si_values",
                                              "corr_mean",     "head_entropies", "head_entropies_per_prompt",
                                              "valid_lengths", "token_ids",      "tokens",
                                              "token_roles",   "statistics",     "numerics",
                                              "provenance",    "timing",         "warnings"}));
  EXPECT_EQ(KeysOf(json["reference_phi3"]), (Keys{"Phi-3-mini (3.8B)", "Phi-3-medium (14B)"}));
  EXPECT_EQ(KeysOf(json["reference_phi3"]["Phi-3-mini (3.8B)"]), (Keys{"si", "size_b", "arch"}));
  EXPECT_EQ(KeysOf(json["verdict"]),
            (Keys{"conclusion", "b11_recommendation", "models_tested", "total_models_with_reference",
                  "models_within_target", "all_within_target"}));
}

TEST(ResultsJson, HasTheNotebooksValues) {
  const Json json = Written(SampleRun());
  EXPECT_EQ(json["experiment"], "E08-Phi-Size-Ladder");
  EXPECT_EQ(json["timestamp"], "20260113_181926");
  EXPECT_EQ(json["hypothesis"]["target_si"], 0.33);
  const Json& methodology = json["methodology"];
  EXPECT_EQ(methodology["seeds"], (Json{42, 123, 456}));
  EXPECT_EQ(methodology["prompts"], "Standard-10 v3");
  EXPECT_EQ(methodology["max_length"], 128);
  EXPECT_EQ(methodology["padding"], false);
  EXPECT_EQ(methodology["use_cache"], false);
  EXPECT_EQ(methodology["chat_template"], false);
  EXPECT_EQ(methodology["dtype"], "bfloat16 (sanity-validated)");
  EXPECT_EQ(methodology["sanity_check"], "PASSED");
  EXPECT_EQ(methodology["sanity_override"]["dtype"], "torch.bfloat16");
  EXPECT_TRUE(json["sanity_result"]["ok"].is_boolean());
  EXPECT_TRUE(json["sanity_result"]["heads_identical"].is_boolean());
  EXPECT_EQ(json["sanity_result"]["entropy_range"], (Json{0.25, 0.75}));
  EXPECT_EQ(json["verdict"]["conclusion"], "HERITAGE_CONFIRMED");
  EXPECT_EQ(json["verdict"]["models_tested"], 2);
  EXPECT_EQ(json["verdict"]["total_models_with_reference"], 4);
  EXPECT_EQ(json["verdict"]["all_within_target"], true);
  EXPECT_NE(ResultsJson(SampleRun()).find("\"size_b\": 14.0"), std::string::npos);
}

TEST(ResultsJson, KeepsWhatTheNotebookDropped) {
  RunResult run = SampleRun();
  run.models[0].warnings = {"no BOS token"};
  const Json json = Written(run);
  const Json& model = json["results"][0];
  EXPECT_EQ(model["head_entropies"], (Json{{0.25, 0.5}, {0.75, 1.0}}));
  EXPECT_EQ(model["head_entropies_per_prompt"].size(), 2u);
  EXPECT_EQ(model["token_ids"][1], (Json::array({3})));
  EXPECT_EQ(model["tokens"][0][1], "Ġis");
  EXPECT_EQ(model["token_roles"], (Json{{"bos", "text"}, {"text"}}));
  EXPECT_EQ(model["statistics"]["si_std_reason"],
            "no randomness in the forward pass: one pass computed, repeated for every seed");
  EXPECT_EQ(model["numerics"]["non_finite"]["count"], 0);
  EXPECT_TRUE(model["numerics"]["non_finite"]["operation"].is_null());
  EXPECT_TRUE(model["provenance"]["revision"].is_null());
  EXPECT_EQ(model["provenance"]["files"][0]["bytes"], 2836623617);
  EXPECT_EQ(model["provenance"]["files"][0]["hash"], "sha256:" + std::string(64, 'a'));
  EXPECT_EQ(model["provenance"]["conversions"][0],
            (Json{{"stored", "F16"}, {"used", "torch.bfloat16"}, {"tensors", 341}, {"bytes", 2836541440}}));
  EXPECT_TRUE(model["provenance"]["chat_template_sha256"].is_null());
  EXPECT_TRUE(model["timing"]["reused_from"].is_null());
  EXPECT_EQ(json["environment"]["libraries"]["libzip"], "1.7.3");
  EXPECT_TRUE(json["environment"]["commit"].is_null());
  EXPECT_EQ(model["warnings"], (Json{"no BOS token"}));
  EXPECT_EQ(json["prompts_text"], (Json{"What is it?", "Write a haiku."}));
  EXPECT_EQ(json["verdict_printed"]["claim"], "B11");
  EXPECT_EQ(json["verdict_printed"]["agrees_with_stored"], true);
  ExpectFits(run);
}

TEST(ResultsJson, StatisticsAreThereOrSayWhyNot) {
  RunResult run = SampleRun();
  run.models[0].statistics.index = SampleStatistics();
  run.models[1].statistics.index.null.reason = "one layer: a depth profile needs two";
  run.trend.on_size.reason = "all models have one size";
  const Json json = Written(run);
  const Json& there = json["results"][0]["statistics"];
  EXPECT_EQ(KeysOf(there),
            (Keys{"head_correlation", "constant_heads", "si_std_reason", "seed", "permutation_null",
                  "variance_shares", "bootstrap", "equivalence", "readings"}));
  EXPECT_EQ(there["permutation_null"]["middle_95"], (Json{0.3401, 0.3489}));
  EXPECT_EQ(there["bootstrap"]["influence"], (Json{0.0012, -0.0012}));
  const Json& missing = json["results"][1]["statistics"];
  EXPECT_EQ(missing["permutation_null"], (Json{{"reason", "one layer: a depth profile needs two"}}));
  EXPECT_TRUE(missing["readings"]["null"].is_null());
  EXPECT_EQ(json["trend"]["on_size"], (Json{{"reason", "all models have one size"}}));
  ExpectFits(run);
}

TEST(ResultsJson, RerunSeedsGiveNoReason) {
  RunResult run = SampleRun();
  run.plan.protocol.rerun_seeds = true;
  EXPECT_TRUE(Written(run)["results"][0]["statistics"]["si_std_reason"].is_null());
  ExpectFits(run);
}

TEST(ResultsJson, FailedModelHasTheNotebooksFourKeys) {
  RunResult run = SampleRun();
  run.models[1] = FailedModel("Phi-2 (2.7B)", "2.7B", "out of memory");
  const Json json = Written(run);
  EXPECT_EQ(KeysOf(json["results"][1]), (Keys{"model", "display", "size", "error"}));
  EXPECT_EQ(json["results"][1]["error"], "out of memory");
  ExpectFits(run);
}

TEST(ResultsJson, NotFiniteNumbersAreNull) {
  RunResult run = SampleRun();
  run.models[0].si_mean = kNaN;
  run.models[0].statistics.head_correlation = {{1.0, kNaN}, {kNaN, 1.0}};
  run.models[0].numerics.max_abs_score = {std::numeric_limits<double>::infinity()};
  run.models[0].numerics.non_finite = {
      .count = 7, .operation = "attention scores", .layer = 1, .prompt = 0, .head = 3};
  const Json json = Written(run);
  EXPECT_TRUE(json["results"][0]["si_mean"].is_null());
  EXPECT_TRUE(json["results"][0]["statistics"]["head_correlation"][0][1].is_null());
  EXPECT_TRUE(json["results"][0]["numerics"]["max_abs_score"][0].is_null());
  EXPECT_EQ(json["results"][0]["numerics"]["non_finite"]["head"], 3);
  ExpectFits(run);
}

TEST(ResultsJson, DoublesAreTheSameWhenReadBack) {
  RunResult run = SampleRun();
  run.models[0].si_mean = 0.1 + 0.2;
  EXPECT_EQ(Written(run)["results"][0]["si_mean"].get<double>(), 0.1 + 0.2);
}

TEST(ResultsJson, MeasureHasNoVerdict) {
  const RunResult run = MeasureRun();
  const Json json = Written(run);
  EXPECT_EQ(KeysOf(json),
            (Keys{"experiment", "purpose", "timestamp", "methodology", "results", "schema_version",
                  "headspec_version", "trend", "readings", "prompts_text", "environment", "warnings"}));
  EXPECT_EQ(json["methodology"]["sanity_check"], "NOT RUN");
  EXPECT_EQ(json["methodology"]["dtype"], "bfloat16");
  EXPECT_TRUE(json["methodology"]["sanity_override"]["label"].is_null());
  ExpectFits(run);
}

TEST(ResultsJson, MeasureNamesEveryDtypeOnce) {
  RunResult run = MeasureRun();
  run.models[1].numerics.dtype = "torch.float32";
  run.models.push_back(run.models[0]);
  EXPECT_EQ(Written(run)["methodology"]["dtype"], "bfloat16, float32");
}

TEST(ResultsJson, FailedSanityKeepsTheKeysOfItsStep) {
  RunResult run = SampleRun();
  SanityResult failed = SampleSanity();
  failed.ok = false;
  failed.reason = "valid_len_too_small";
  failed.reached_step = 3;
  failed.valid_len = 4;
  run.sanity = failed;
  run.sanity_attempts = {failed};
  Json json = Written(run);
  EXPECT_EQ(KeysOf(json["sanity_result"]), (Keys{"ok", "reason", "valid_len", "label"}));
  EXPECT_EQ(json["methodology"]["sanity_check"], "FAILED");
  EXPECT_TRUE(json["sanity_attempts"][0]["num_layers"].is_null());
  EXPECT_EQ(json["sanity_attempts"][0]["valid_len"], 4);
  ExpectFits(run);

  run.sanity->reason = "nan_inf";
  run.sanity->reached_step = 5;
  EXPECT_EQ(KeysOf(Written(run)["sanity_result"]), (Keys{"ok", "reason", "label"}));
}

TEST(ResultsJson, PrintedVerdictStandsBesideTheStoredOne) {
  RunResult run = SampleRun();
  run.models[1] = FailedModel("Phi-2 (2.7B)", "2.7B", "out of memory");
  run.verdict = Verdict{.printed = {3, 3, "HERITAGE_CONFIRMED", "A-Tier"},
                        .stored = {3, 3, "INCONCLUSIVE", "B-Tier (unchanged)"},
                        .models_tested = 1};
  const Json json = Written(run);
  EXPECT_EQ(json["verdict"]["conclusion"], "INCONCLUSIVE");
  EXPECT_EQ(json["verdict_printed"]["conclusion"], "HERITAGE_CONFIRMED");
  EXPECT_EQ(json["verdict_printed"]["min_models"], 3);
  EXPECT_EQ(json["verdict_printed"]["min_models_stored"], 4);
  EXPECT_EQ(json["verdict_printed"]["agrees_with_stored"], false);
  ExpectFits(run);
}

TEST(ResultsJson, HostileStringsStayValid) {
  RunResult run = SampleRun();
  run.models[0].display = "a\"b\\c\n\x01\xff";
  run.models[0].tokens = {{"\xe2\x9c", "\""}};
  ExpectFits(run);
}

TEST(Schema, NamesThePlaceOfEveryFault) {
  const Json good = Written(SampleRun());
  const auto output = [&](const auto& change) {
    Json broken = good;
    change(broken);
    const CommandResult check = CheckSchema(JsonText(broken));
    EXPECT_EQ(check.status, 1);
    return check.output;
  };
  EXPECT_EQ(output([](Json& j) { j.erase("timestamp"); }), "results.json: $: key \"timestamp\" is missing\n");
  EXPECT_EQ(output([](Json& j) { j["extra"] = 1; }), "results.json: $: key \"extra\" is not known\n");
  EXPECT_EQ(output([](Json& j) { j["results"][0]["si_mean"] = "0.33"; }),
            "results.json: $.results[0].si_mean: expected number or null, found \"0.33\"\n");
  EXPECT_EQ(output([](Json& j) { j["results"][1]["head_entropies"][1][0] = true; }),
            "results.json: $.results[1].head_entropies[1][0]: expected number or null, found true\n");
  EXPECT_EQ(
      output([](Json& j) { j["methodology"]["padding"] = 0; }),
      "results.json: $.methodology.padding: expected one of false, \"max-length\", \"max-length-left\", "
      "\"max-length-right\", found 0\n");
  EXPECT_EQ(output([](Json& j) { j["verdict"]["conclusion"] = "MAYBE"; }),
            "results.json: $.verdict.conclusion: expected one of \"HERITAGE_CONFIRMED\", "
            "\"SIZE_CONFOUND_DETECTED\", \"INCONCLUSIVE\", found \"MAYBE\"\n");
  EXPECT_EQ(
      output([](Json& j) { j["methodology"]["prompt_md5"] = "715065BA"; }),
      "results.json: $.methodology.prompt_md5: expected a match of ^[0-9a-f]{32}$, found \"715065BA\"\n");
  EXPECT_EQ(output([](Json& j) { j["results"][0]["valid_lengths"][0] = -1; }),
            "results.json: $.results[0].valid_lengths[0]: expected at least 0, found -1\n");
  EXPECT_EQ(output([](Json& j) { j.erase("verdict_printed"); }),
            "results.json: $: key \"verdict_printed\" is missing beside \"verdict\"\n");
  EXPECT_EQ(output([](Json& j) { j["sanity_result"]["entropy_range"] = {0.5}; }),
            "results.json: $.sanity_result.entropy_range: expected at least 2 items, found 1\n");
}

TEST(Schema, RejectsWhatIsNoJson) {
  EXPECT_EQ(CheckSchema("{\"a\": NaN}").status, 1);
  EXPECT_EQ(CheckSchema("{\"a\": 1e999}").status, 1);
  EXPECT_EQ(CheckSchema("{\"a\": 1, \"a\": 2}").output, "results.json: key \"a\" occurs twice\n");
  EXPECT_EQ(CheckSchema("").status, 1);
}

TEST(Schema, UnknownKeywordIsAnError) {
  const TemporaryFolder folder;
  PutFile(folder.path() / "schema.json", R"({"type": "object", "maxProperties": 1})");
  PutFile(folder.path() / "file.json", "{}");
  const CommandResult check =
      RunCommand("cd '" + folder.path().string() + "' && python3 '" + kChecker + "' schema.json file.json");
  EXPECT_EQ(check.status, 2);
  EXPECT_EQ(check.output, "schema.json: keyword \"maxProperties\" is not supported\n");
}

}  // namespace
}  // namespace headspec::report
