// report.html as a browser takes it apart: the page around the data, and the data as JSON again.
#include "report/page.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

#include "report/comparison_json.h"
#include "report/helpers.h"
#include "report/packed.h"
#include "report/page_template.h"
#include "report/read_results.h"
#include "report/results_json.h"
#include "report/sample_comparison.h"
#include "report/summary.h"

namespace headspec::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// What stands between the halves of the template.
std::string DataText(const std::string& page) {
  const std::string_view before = PageBeforeData(), after = PageAfterData();
  EXPECT_TRUE(page.starts_with(before));
  EXPECT_TRUE(page.ends_with(after));
  return page.substr(before.size(), page.size() - before.size() - after.size());
}

Json Data(const std::string& page) { return Json::parse(DataText(page)); }

std::string FromBase64(const std::string& text) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '=') break;
    bits = bits << 6 | static_cast<std::uint32_t>(digits.find(c));
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xff);
  }
  return bytes;
}

std::vector<float> Floats(const Json& packed) {
  const std::string bytes = FromBase64(packed.at("f32").get<std::string>());
  std::vector<float> values(bytes.size() / 4);
  std::memcpy(values.data(), bytes.data(), bytes.size());  // the tests' machines are little-endian
  return values;
}

std::vector<std::uint8_t> Inflated(const std::string& raw, std::size_t size) {
  std::vector<std::uint8_t> bytes(size + 1);
  std::string input = raw;
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, -MAX_WBITS), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = bytes.data();
  stream.avail_out = static_cast<uInt>(bytes.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  bytes.resize(stream.total_out);
  inflateEnd(&stream);
  return bytes;
}

RunResult LargeRun(int layers, int heads) {
  RunResult run = MeasureRun();
  run.models.resize(1);
  ModelResult& model = run.models[0];
  model.num_layers = layers;
  model.num_heads = heads;
  const auto table = [&](double start, int rows) {
    Table made;
    for (int l = 0; l < rows; ++l) {
      made.emplace_back();
      for (int h = 0; h < heads; ++h) made.back().push_back(start + 0.001 * l + 0.1 / (h + 3));
    }
    return made;
  };
  model.head_entropies = table(0.1, layers);
  model.prompt_entropies = {table(0.2, layers), table(0.3, layers)};
  model.statistics.head_correlation = table(0.5, heads);
  model.head_metrics = {
      {.name = "sink_mass", .mean = table(0.4, layers), .per_prompt = {}, .kv_group_means = {}}};
  return run;
}

TEST(Page, IsTheBundleWithDataInIt) {
  const std::string bundle = ReadFile(HEADSPEC_SOURCE_DIR "/page/bundle/report.html");
  EXPECT_EQ(std::string(PageBeforeData()) + "@HEADSPEC_DATA@" + std::string(PageAfterData()), bundle);
  EXPECT_NE(bundle.find("id=\"headspec-data\">@HEADSPEC_DATA@</script>"), std::string::npos);
}

TEST(Page, HoldsTheResults) {
  const RunResult run = SampleRun();
  const Json data = Data(RunPage(run));
  EXPECT_EQ(data["format"], 1);
  EXPECT_EQ(data["kind"], "experiment");
  EXPECT_EQ(data["results"], Json::parse(ResultsJson(run)));  // small tables stay as they are
  EXPECT_TRUE(data["comparison"].is_null());
  EXPECT_EQ(data["sizes"], (Json{1.3, 2.7}));
  EXPECT_EQ(data["attention"], (Json{nullptr, nullptr}));
  EXPECT_EQ(Data(RunPage(MeasureRun()))["kind"], "measurement");
}

TEST(Page, TakesSizesFromTheWeightsWhereTheLadderStatesNone) {
  RunResult run = SampleRun();
  run.models[0].size = "";
  run.models[1].size = "small";
  run.models[1].provenance.parameters = 0;
  EXPECT_EQ(Data(RunPage(run))["sizes"], (Json{1.41827072, nullptr}));
}

TEST(Page, PacksLargeTablesExactToFloat32) {
  RunResult run = LargeRun(8, 8);
  run.models[0].head_entropies[2][5] = kNaN;
  run.models[0].head_entropies[7][7] = std::numeric_limits<double>::infinity();
  const Json model = Data(RunPage(run))["results"]["results"][0];
  EXPECT_EQ(model["head_entropies"]["shape"], (Json{8, 8}));
  const std::vector<float> values = Floats(model["head_entropies"]);
  ASSERT_EQ(values.size(), 64u);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double expected = run.models[0].head_entropies[i / 8][i % 8];
    if (std::isfinite(expected))
      EXPECT_EQ(values[i], static_cast<float>(expected)) << i;
    else
      EXPECT_TRUE(std::isnan(values[i])) << i;
  }
  EXPECT_EQ(model["head_entropies_per_prompt"]["shape"], (Json{2, 8, 8}));
  EXPECT_EQ(Floats(model["head_entropies_per_prompt"])[64],
            static_cast<float>(run.models[0].prompt_entropies[1][0][0]));
  EXPECT_EQ(model["head_metrics"]["sink_mass"]["shape"], (Json{8, 8}));
  EXPECT_EQ(model["statistics"]["head_correlation"]["shape"], (Json{8, 8}));
  EXPECT_EQ(model["token_ids"], (Json{{1, 2}, {3}}));
}

TEST(PackTables, LeavesWhatIsNoTableOfFloats) {
  const Json row(std::vector<double>(100, 0.5));
  const Json ids(std::vector<std::vector<int>>(10, std::vector<int>(10, 7)));
  Json ragged = Json::array({row, row});
  ragged[1].erase(0);
  Json mixed = Json::array({row, row});
  mixed[1][3] = "x";
  Json deeper = Json::array({row, row});
  deeper[0][0] = row;
  Json huge = Json::array({row, row});
  huge[0][0] = 1e300;
  const Json empty = Json::array({Json::array(), Json::array()});
  for (const Json& json : {row, ids, ragged, mixed, deeper, huge, empty}) {
    Json packed = json;
    PackTables(packed);
    EXPECT_EQ(packed, json);
  }
}

TEST(Base64, IsTheOneOfRfc4648) {
  const std::pair<const char*, const char*> pairs[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"},
                                                       {"\xff\xfe\xfb", "//77"}};
  for (const auto& [bytes, text] : pairs) EXPECT_EQ(Base64(bytes), text);
}

TEST(Page, HoldsKeptAttention) {
  RunResult run = SampleRun();
  std::vector<std::uint8_t> weights(2 * 2 * 3 * 3);
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<std::uint8_t>(37 * i);
  const std::vector<std::uint8_t> many(3'000'000, 9);  // more than one piece of zlib's
  run.models[1].attention = {weights, {}, many};
  const Json attention = Data(RunPage(run))["attention"];
  EXPECT_TRUE(attention[0].is_null());
  EXPECT_EQ(attention[1]["bits"], 8);
  const Json& prompts = attention[1]["prompts"];
  ASSERT_EQ(prompts.size(), 3u);
  EXPECT_EQ(Inflated(FromBase64(prompts[0].get<std::string>()), weights.size()), weights);
  EXPECT_TRUE(prompts[1].is_null());
  EXPECT_EQ(Inflated(FromBase64(prompts[2].get<std::string>()), many.size()), many);
}

TEST(Deflate, TakesNothingToo) { EXPECT_EQ(Inflated(Deflate({}), 0).size(), 0u); }

TEST(Page, NothingInItEndsTheScriptOrIsInvalid) {
  RunResult run = SampleRun();
  const std::string hostile =
      "</script><script>alert(1)</script><!-- \xe2\x80\xa8\xe2\x80\xa9 \xff\xe2\x9c & \"' @HEADSPEC_DATA@";
  run.plan.protocol.prompts.prompts[0] = hostile;
  run.models[0].tokens = {{"</script>", "<!--"}, {"\xe2\x9c"}};
  run.models[0].display = hostile;
  run.models[1] = FailedModel(hostile, "1B", hostile);
  run.readings = {hostile};
  run.warnings = {hostile};
  const std::string text = DataText(RunPage(run));
  EXPECT_EQ(text.find('<'), std::string::npos);
  EXPECT_EQ(text.find("\xe2\x80\xa8"), std::string::npos);
  EXPECT_EQ(text.find("\xe2\x80\xa9"), std::string::npos);
  EXPECT_EQ(text.find('\xff'), std::string::npos);
  const std::string clean =
      "</script><script>alert(1)</script><!-- \u2028\u2029 \uFFFD\uFFFD & \"' @HEADSPEC_DATA@";
  const Json data = Json::parse(text);
  EXPECT_EQ(data["results"]["prompts_text"][0], clean);
  EXPECT_EQ(data["results"]["results"][0]["display"], clean);
  EXPECT_EQ(data["results"]["results"][0]["tokens"][1][0], "\uFFFD");
  // What was written and read again says the same.
  EXPECT_EQ(RunPage(ReadResults(ResultsJson(run), "results.json")), RunPage(run));
}

TEST(Page, IsTheSameFromTheFile) {
  RunResult run = LargeRun(9, 9);
  run.models.push_back(FailedModel("b", "1B", "out of memory"));
  run.models.back().provenance.parameters = 5;  // known before it failed, and not stored
  EXPECT_EQ(RunPage(ReadResults(ResultsJson(run), "results.json")), RunPage(run));
  EXPECT_EQ(RunPage(run), RunPage(run));
}

TEST(Page, HoldsAComparison) {
  Comparison pair = SampleComparison();
  Json data = Data(ComparisonPage(pair));
  EXPECT_EQ(data["kind"], "comparison");
  EXPECT_TRUE(data["results"].is_null());
  EXPECT_EQ(data["comparison"], Json::parse(ComparisonJson(pair)));
  EXPECT_EQ(data["sizes"], Json::array());
  EXPECT_EQ(data["attention"], Json::array());
  pair.run = MeasureRun();
  data = Data(ComparisonPage(pair));
  EXPECT_EQ(data["results"], Json::parse(ResultsJson(pair.run)));
  EXPECT_EQ(data["sizes"].size(), 2u);
}

TEST(Page, HoldsARunInWhichNothingWasMeasured) {
  RunResult run = SampleRun();
  run.models = {FailedModel("a", "1B", "no"), FailedModel("b", "", "no")};
  run.verdict->models_within_target = {false, false};
  const Json data = Data(RunPage(run));
  EXPECT_EQ(data["sizes"], (Json{1.0, nullptr}));
  EXPECT_EQ(data["attention"], (Json{nullptr, nullptr}));
  run.models.clear();
  EXPECT_EQ(Data(RunPage(run))["sizes"], Json::array());
}

TEST(Summary, IsTheVerdictAndWhatItRestsOn) {
  RunResult run = SampleRun();
  EXPECT_EQ(Summary(run), (std::vector<std::string>{
                              "Verdict: HERITAGE_CONFIRMED. Recommendation for B11: A-Tier.",
                              "All 4 Phi models, references included, have an SI within 0.33 +/- 0.05."}));
  run.verdict->stored = {2, 4, "SIZE_CONFOUND_DETECTED", "B-Tier (unchanged)"};
  run.models[1] = FailedModel("Phi-2", "2.7B", "out of memory");
  EXPECT_EQ(
      Summary(run),
      (std::vector<std::string>{
          "Verdict: SIZE_CONFOUND_DETECTED. Recommendation for B11: B-Tier (unchanged).",
          "2 of 4 Phi models, references included, have an SI outside 0.33 +/- 0.05.",
          "The notebook's other rule, which asks for 3 models instead of 4, says HERITAGE_CONFIRMED."}));
  run.verdict->stored = {1, 2, "INCONCLUSIVE", "B-Tier (unchanged)"};
  EXPECT_EQ(Summary(run)[1],
            "The rule asks for 4 Phi models with an SI, references included, and there are 2.");
}

TEST(Summary, OfAMeasurementIsTheIndexOfEachModel) {
  RunResult run = MeasureRun();
  run.models.push_back(FailedModel("Phi-4", "14B", "out of memory"));
  run.models[0].statistics.index = SampleStatistics();
  run.models[1].si_mean = kNaN;
  EXPECT_EQ(Summary(run), (std::vector<std::string>{
                              "SI of Phi-1.5 (1.3B): 0.3412, 95 % interval over prompts 0.3309 to 0.3522.",
                              "SI of Phi-2 (2.7B): undefined.", "No SI of Phi-4: it failed."}));
}

TEST(Summary, OfAPairSaysWhatChanged) {
  EXPECT_EQ(
      Summary(SampleComparison()),
      (std::vector<std::string>{
          "Verdict: A_CONFIRMED, org/tuned against org/base.",
          "The specialization index decreased (0.5 to 0.25), head correlation increased (0.5 to 0.75), head "
          "variance did not decrease (0.01 to 0.01)."}));
}

}  // namespace
}  // namespace headspec::report
