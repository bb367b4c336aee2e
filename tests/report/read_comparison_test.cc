#include "report/read_comparison.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "report/comparison_figure.h"
#include "report/comparison_json.h"
#include "report/helpers.h"
#include "report/json_text.h"
#include "report/page.h"
#include "report/sample_comparison.h"
#include "report/stored.h"

namespace headspec::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
const std::string kNext = "; the file was changed or damaged: take the one that headspec wrote";
const std::string kChecker =
    "python3 '" HEADSPEC_TEST_DATA "/schema_check.py' '" HEADSPEC_SOURCE_DIR "/docs/comparison.schema.json' ";

void ExpectSame(const Comparison& pair) {
  const std::string text = ComparisonJson(pair);
  const Comparison again = ReadComparison(text, "results.json");
  EXPECT_EQ(ComparisonJson(again), text);
  EXPECT_EQ(ComparisonPage(again), ComparisonPage(pair));
  EXPECT_EQ(DescribeComparisonFigure(again).data, DescribeComparisonFigure(pair).data);
  EXPECT_EQ(DescribeComparisonFigure(again).script, DescribeComparisonFigure(pair).script);
  const TemporaryFolder folder;
  PutFile(folder.path() / "results.json", text);
  const CommandResult check =
      RunCommand("cd '" + folder.path().string() + "' && " + kChecker + "results.json");
  EXPECT_EQ(check.output, "1 file(s) fit the schema\n");
}

// The least that a pair of published matrices gives.
Comparison BarePair() {
  Comparison pair = SampleComparison();
  for (PairSide* side : {&pair.base, &pair.tuned}) {
    side->groups.reset();
    side->prompt_entropies.clear();
    side->null.reset();
    side->architecture = side->dtype = "";
    side->kv_heads = 0;
    side->effective_heads = side->effective_ratio = side->early_variance = side->middle_variance =
        std::nullopt;
    side->head_correlation = {{1, kNaN}, {kNaN, kNaN}};
  }
  pair.deltas.resize(1);
  pair.deltas[0].bootstrap->bca_95.reset();
  pair.deltas[0].null->z.reset();
  pair.prompt_version = pair.prompt_md5 = pair.padding = "";
  pair.num_prompts = pair.max_length = 0;
  pair.use_chat_template.reset();
  pair.without_padding.reset();
  pair.notes.clear();
  pair.warnings.clear();
  return pair;
}

TEST(ReadComparison, InvertsComparisonJson) {
  ExpectSame(SampleComparison());
  ExpectSame(BarePair());
}

TEST(ReadComparison, InvertsWhatIsNotFiniteShapesThatDifferAndOddNames) {
  Comparison pair = SampleComparison();
  pair.tuned.specialization_index = kNaN;
  pair.deltas[0].value = kNaN;
  pair.deltas[0].bootstrap->percentile_95 = {kNaN, 1};
  pair.without_padding->tuned_index = kNaN;
  pair.base.name = "a\"b\n</script>";
  ExpectSame(pair);
  pair = SampleComparison();
  pair.tuned.layers = 1;
  pair.tuned.entropies.resize(1);
  pair.tuned.layer_variances.resize(1);
  for (Table& table : pair.tuned.prompt_entropies) table.resize(1);
  pair.map_difference.reset();
  ExpectSame(pair);
}

TEST(ReadComparison, NamesThePlaceOfEveryFault) {
  const Json good = Json::parse(ComparisonJson(SampleComparison()));
  const auto error = [&](const auto& change) {
    Json broken = good;
    change(broken);
    return ErrorOf([&] { ReadComparison(JsonText(broken), "out/results.json"); }, ErrorKind::kInput);
  };
  EXPECT_EQ(error([](Json& j) { j.erase("statistics"); }),
            "out/results.json: $: expected a key \"statistics\", found none" + kNext);
  EXPECT_EQ(error([](Json& j) { j["extra"] = 1; }),
            "out/results.json: $: expected known keys only, found \"extra\"" + kNext);
  EXPECT_EQ(error([](Json& j) { j["results"]["base"]["entropies"].erase(0); }),
            "out/results.json: $.results.base.entropies: expected 2 rows of 2, found 1 rows of 2" + kNext);
  EXPECT_EQ(error([](Json& j) { j["statistics"] = Json::object(); }),
            "out/results.json: $.statistics: expected one difference or more, found none" + kNext);
  EXPECT_EQ(error([](Json& j) { j["statistics"]["p"] = 1; }),
            "out/results.json: $.statistics: expected keys that start with \"delta_\", found \"p\"" + kNext);
  EXPECT_EQ(error([](Json& j) { j["results"]["verdict"].erase("delta_variance"); }),
            "out/results.json: $.results.verdict: expected a key \"delta_variance\", found none" + kNext);
  EXPECT_EQ(
      error([](Json& j) { j["results"]["instruct"]["specialization"]["layer_variances"].erase(0); }),
      "out/results.json: $.results.instruct.specialization.layer_variances: expected a list of 2, found a "
      "list of 1" +
          kNext);
  EXPECT_EQ(
      error([](Json& j) { j["schema_version"] = 2; }),
      "out/results.json: $.schema_version: expected 1, found 2; a newer headspec wrote the file: read it "
      "with that one");
}

// Whatever value is exchanged for another: figure and page, or one line, never anything else.
TEST(ReadComparison, SurvivesEveryExchangedValue) {
  const Json good = Json::parse(ComparisonJson(SampleComparison()));
  const Json flat = good.flatten();
  int refused = 0;
  for (const auto& [pointer, value] : flat.items()) {
    for (const Json& other :
         {Json(nullptr), Json("x"), Json(-1), Json(1e300), Json::array({1}), Json::object()}) {
      Json broken = good;
      broken[Json::json_pointer(pointer)] = other;
      try {
        const Comparison pair = ReadComparison(JsonText(broken), "results.json");
        ComparisonPage(pair);
        DescribeComparisonFigure(pair);
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kInput);
        EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, static_cast<int>(flat.size()));
}

TEST(ReadStored, TellsRunsFromComparisons) {
  const std::string results = ReadFile(std::filesystem::path(HEADSPEC_TEST_DATA) / "golden" / "results.json");
  EXPECT_TRUE(std::holds_alternative<RunResult>(ReadStored(results, "results.json")));
  EXPECT_TRUE(
      std::holds_alternative<Comparison>(ReadStored(ComparisonJson(SampleComparison()), "results.json")));
  EXPECT_EQ(ErrorOf([] { ReadStored("{}", "x.json"); }, ErrorKind::kInput),
            "x.json: $: expected a key \"schema_version\", found none" + kNext);
  ErrorOf([] { ReadStored("[]", "x.json"); }, ErrorKind::kInput);
}

}  // namespace
}  // namespace headspec::report
