// Indices from stored entropies: the published experiments, NumPy's archives, and files that are none of it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "error_of.h"
#include "experiment/stored_entropies.h"
#include "headspec/index.h"
#include "temporary_folder.h"

namespace headspec::experiment {
namespace {

namespace fs = std::filesystem;

constexpr double kPublished = 1e-9;
constexpr const char* kFormats = "; give JSON with an \"entropies\" matrix (layers by heads), .npy or .npz";

fs::path Data(const std::string& name) { return fs::path(HEADSPEC_TEST_DATA) / "data" / name; }

nlohmann::json Json(const fs::path& file) {
  std::ifstream in(file);
  return nlohmann::json::parse(in);
}

// ---- the published experiments

class Published : public testing::TestWithParam<std::pair<const char*, std::size_t>> {};

double LargestDifference(const Table& found, const nlohmann::json& expected) {
  double largest = 0;
  for (std::size_t a = 0; a < found.size(); ++a) {
    for (std::size_t b = 0; b < found[a].size(); ++b) {
      largest = std::max(largest, std::abs(found[a][b] - expected.at(a).at(b).get<double>()));
    }
  }
  return largest;
}

TEST_P(Published, MatricesGiveThePublishedIndices) {
  const auto [name, count] = GetParam();
  const fs::path file = Data("published") / name;
  const nlohmann::json published = Json(file);
  const std::vector<StoredIndex> indices = StoredIndices(file);
  ASSERT_EQ(indices.size(), count);
  for (const StoredIndex& index : indices) {
    const nlohmann::json::json_pointer place(index.place);
    ASSERT_EQ(place.back(), "entropies");
    const nlohmann::json& stated = published.at(place.parent_pointer()).at("specialization");
    EXPECT_NEAR(index.specialization_index, stated.at("specialization_index").get<double>(), kPublished)
        << index.place;
    EXPECT_NEAR(index.mean_head_correlation, stated.at("mean_head_correlation").get<double>(), kPublished)
        << index.place;
    if (!stated.contains("head_correlation_matrix")) continue;
    const nlohmann::json& matrix = stated.at("head_correlation_matrix");
    ASSERT_EQ(index.head_correlation.size(), matrix.size()) << index.place;
    EXPECT_LE(LargestDifference(index.head_correlation, matrix), kPublished) << index.place;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Experiments, Published,
    testing::Values(std::pair("E11_territorial_collapse_mistral_20260113_182026.json", std::size_t{6}),
                    std::pair("E11T_gqa_comparison_20260113_181926.json", std::size_t{6}),
                    std::pair("E11_falcon_territorial_collapse_20260113_195443.json", std::size_t{2})));

// ---- NumPy

void ExpectIndex(const StoredIndex& found, const std::string& place, const nlohmann::json& expected) {
  EXPECT_EQ(found.place, place);
  EXPECT_EQ(found.layers, 3);
  EXPECT_EQ(found.heads, 5);
  EXPECT_NEAR(found.specialization_index, expected.at("index").get<double>(), 1e-12);
  EXPECT_NEAR(found.mean_head_correlation, expected.at("correlation").get<double>(), 1e-12);
}

TEST(StoredArrays, AreReadFromArchives) {
  const nlohmann::json expected = Json(Data("arrays/expected.json"));
  for (const char* name : {"arrays/plain.npz", "arrays/compressed.npz"}) {
    const auto indices = StoredIndices(Data(name));
    ASSERT_EQ(indices.size(), 1u) << name;
    ExpectIndex(indices[0], "head_entropies", expected.at("mean"));
  }
}

TEST(StoredArrays, AreAveragedOverPrompts) {
  const auto indices = StoredIndices(Data("arrays/per-prompt.npz"));
  ASSERT_EQ(indices.size(), 1u);
  ExpectIndex(indices[0], "entropies", Json(Data("arrays/expected.json")).at("mean"));
}

TEST(StoredArrays, MayBeSeveralInAnArchive) {
  const nlohmann::json expected = Json(Data("arrays/expected.json"));
  const auto indices = StoredIndices(Data("arrays/two.npz"));
  ASSERT_EQ(indices.size(), 2u);
  ExpectIndex(indices[0], "base/entropies", expected.at("base"));
  ExpectIndex(indices[1], "tuned/entropies", expected.at("tuned"));
}

TEST(StoredArrays, AreReadAlone) {
  const auto stored = ReadStoredEntropies(Data("arrays/f4-fortran.npy"));
  ASSERT_EQ(stored.size(), 1u);
  EXPECT_EQ(stored[0].place, "f4-fortran.npy");
  EXPECT_EQ(stored[0].values, (Table{{0, 0.25, 0.5}, {0.75, 1, 1.25}}));
}

std::string Refused(const fs::path& file) {
  return ErrorOf([&] { ReadStoredEntropies(file); });
}

TEST(StoredArrays, AreRefusedWithoutEntropies) {
  const std::string none = Data("arrays/none.npz").string();
  EXPECT_EQ(Refused(none), "kInput: " + none + ": no entropies in it" + kFormats);
  const std::string integers = Data("arrays/integers.npz").string();
  EXPECT_EQ(Refused(integers), "kInput: " + integers +
                                   ": entropies.npy: expected type '<f8' or '<f4', found '<i8'; write it "
                                   "with numpy.save as float32 or "
                                   "float64, layers by heads");
  for (const auto& [name, shape] : {std::pair("arrays/f8-1d.npy", "6"), {"arrays/f8-0d.npy", ""}}) {
    const std::string file = Data(name).string();
    EXPECT_EQ(Refused(file),
              "kInput: " + file +
                  ": expected layers by heads, or prompts by layers by heads, found an array of shape [" +
                  shape + "]" + kFormats);
  }
}

// ---- files made here

class StoredTest : public TemporaryFolderTest {
 protected:
  std::string RefusedJson(std::string_view content) const { return Refused(Write("e.json", content)); }
  std::string Complaint(const std::string& text) const { return "kInput: " + text + kFormats; }
};

TEST_F(StoredTest, FindsMatricesAnywhereInOrder) {
  Write(
      "e.json",
      R"({"z": {"entropies": [[1, 2], [3, 5]]}, "a/b~c": [{"x": 0}, {"head_entropies": [[0.5]]}], "entropies_note": "no"})");
  const auto stored = ReadStoredEntropies(At("e.json"));
  ASSERT_EQ(stored.size(), 2u);
  EXPECT_EQ(stored[0].place, "/z/entropies");
  EXPECT_EQ(stored[0].values, (Table{{1, 2}, {3, 5}}));
  EXPECT_EQ(stored[1].place, "/a~1b~0c/1/head_entropies");
  EXPECT_EQ(stored[1].values, (Table{{0.5}}));
}

TEST_F(StoredTest, RefusesWhatIsNotJson) {
  EXPECT_EQ(RefusedJson("{"),
            Complaint(At("e.json") +
                      ": not JSON (parse error at line 1, column 2: syntax error while parsing object key - "
                      "unexpected end of input; expected string literal)"));
  for (const std::string& content :
       {std::string(), std::string("hello"), std::string("\0\0", 2), std::string("NaN"),
        std::string(R"({"entropies": [[NaN]]})"), std::string("\xff\xfe{\0}\0", 6)}) {
    EXPECT_EQ(RefusedJson(content).rfind("kInput: " + At("e.json") + ": not JSON (", 0), 0u) << content;
  }
}

TEST_F(StoredTest, RefusesJsonWithoutEntropies) {
  for (const char* content : {"{}", "[]", "7", "null", R"({"Entropies": [[1]]})", R"(["entropies"])"}) {
    EXPECT_EQ(RefusedJson(content), Complaint(At("e.json") + ": no entropies in it")) << content;
  }
}

TEST_F(StoredTest, RefusesWhatIsNoMatrix) {
  const std::pair<const char*, const char*> cases[] = {
      {"null", "expected a list of layers, found null"},
      {"[]", "expected a list of layers, found array"},
      {"{}", "expected a list of layers, found object"},
      {"1.5", "expected a list of layers, found number"},
      {"[1, 2]", "layer 0: expected a list of numbers, found number"},
      {"[[1], []]", "layer 1: expected a list of numbers, found array"},
      {"[[1, 2], [3]]", "layer 1: expected 2 heads, found 1"},
      {"[[1], [2, 3]]", "layer 1: expected 1 heads, found 2"},
      {R"([[1, "2"]])", "layer 0, head 1: expected a number, found string"},
      {"[[1, null]]", "layer 0, head 1: expected a number, found null"},
      {"[[1, true]]", "layer 0, head 1: expected a number, found boolean"},
      {"[[[1]]]", "layer 0, head 0: expected a number, found array"},
  };
  for (const auto& [matrix, complaint] : cases) {
    EXPECT_EQ(RefusedJson(std::string(R"({"a": {"entropies": )") + matrix + "}}"),
              Complaint(std::string("/a/entropies: ") + complaint))
        << matrix;
  }
}

// 1e999 is no number of JSON for the library, and an npy file can hold anything.
TEST_F(StoredTest, RefusesWhatIsNotFinite) {
  EXPECT_NE(RefusedJson(R"({"entropies": [[1e999]]})"), "no error");
  std::ifstream in(Data("arrays/f8.npy"), std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  const double nan = std::nan("");
  bytes.replace(bytes.size() - 8, 8, std::string(reinterpret_cast<const char*>(&nan), 8));
  EXPECT_EQ(Refused(Write("nan.npy", bytes)),
            Complaint(At("nan.npy") + ": layer 1, head 2: expected a finite number, found nan"));
}

// Read recursively, either would end the program.
TEST_F(StoredTest, RefusesDeepNesting) {
  constexpr int kDepth = 100000;
  std::string lists(kDepth, '[');
  lists.append(kDepth, ']');
  std::string objects;
  for (int i = 0; i < kDepth; ++i) objects += "{\"a\":";
  objects += '1';
  objects.append(kDepth, '}');
  for (const std::string& content : {lists, objects}) {
    EXPECT_EQ(RefusedJson(content), Complaint(At("e.json") + ": expected JSON nested at most 64 deep"));
  }
}

// The correlation matrix of a million heads would take eight terabytes.
TEST_F(StoredTest, RefusesMoreHeadsThanAnyModelHas) {
  std::string row = "[0";
  for (int i = 1; i < 4097; ++i) row += ",0";
  row += ']';
  EXPECT_EQ(RefusedJson("{\"entropies\": [" + row + "," + row + "]}"),
            Complaint("/entropies: expected at most 4096 heads, found 4097"));
}

TEST_F(StoredTest, RefusesDamagedArchives) {
  std::ifstream in(Data("arrays/compressed.npz"), std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(Refused(Write("cut.npz", whole.substr(0, whole.size() - 10))),
            Complaint(At("cut.npz") + ": not an .npz archive"));
  EXPECT_EQ(Refused(Write("short.npz", "PK")), Complaint(At("short.npz") + ": not an .npz archive"));
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x41);
    const std::string answer =
        Refused(Write("flipped.npz", flipped));  // an Error or a table; never another end
    EXPECT_TRUE(answer == "no error" || answer.starts_with("kInput: ") || answer.starts_with("kSystem: "))
        << at << ": " << answer;
  }
}

TEST_F(StoredTest, RefusesAnEntryThatClaimsToBeHuge) {
  std::ifstream in(Data("arrays/plain.npz"), std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  const std::size_t central = bytes.find("PK\x01\x02");
  ASSERT_NE(central, std::string::npos);
  bytes.replace(central + 24, 4, std::string("\xfe\xff\xff\x7f", 4));  // uncompressed size
  EXPECT_EQ(
      Refused(Write("huge.npz", bytes)),
      Complaint(At("huge.npz") + ": head_entropies.npy: 2147483646 bytes are too many for a table of heads"));
}

TEST_F(StoredTest, SaysWhyAFileCannotBeRead) {
  EXPECT_EQ(Refused(At("none.json")), "kSystem: stored entropies: cannot read " + At("none.json") +
                                          " (No such file or directory); check the path and its permissions");
  EXPECT_EQ(Refused(folder_),
            "kSystem: stored entropies: a folder, not a file: " + folder_.string() + "; give a file");
}

TEST_F(StoredTest, NamesConstantHeads) {
  Write("e.json", R"({"entropies": [[1, 0, 3], [2, 0, 1], [3, 0, 2]]})");
  const auto indices = StoredIndices(At("e.json"));
  EXPECT_EQ(indices[0].constant_heads, std::vector<int>{1});
  EXPECT_NEAR(indices[0].specialization_index, 1.5, 1e-12);  // one pair, correlation -1/2
  EXPECT_TRUE(std::isnan(indices[0].head_correlation[0][1]));
}

TEST_F(StoredTest, PromptsBesideAMatrixAreResampled) {
  Write(
      "e.json",
      R"({"head_entropies": [[1, 3, 2], [2, 1, 4]], "head_entropies_per_prompt": [[[1, 2, 1], [1, 1, 3]], [[1, 4, 3], [3, 1, 5]]]})");
  const StoredIndex index = StoredIndices(At("e.json"))[0];
  EXPECT_EQ(index.prompts, 2);
  EXPECT_TRUE(index.statistics.bootstrap.value) << index.statistics.bootstrap.reason;
}

TEST_F(StoredTest, PromptsOfAnotherMatrixAreNot) {
  for (const char* prompts : {"[[[1, 2, 1], [1, 1, 3]]]", "[[[1, 3, 2]]]"}) {
    Write("e.json",
          std::string(R"({"entropies": [[1, 3, 2], [2, 1, 4]], "entropies_per_prompt": )") + prompts + "}");
    EXPECT_EQ(StoredIndices(At("e.json"))[0].statistics.bootstrap.reason,
              "the mean of the prompts' values is another matrix");
  }
}

TEST_F(StoredTest, HasNoIndexForOneHeadOrOneLayer) {
  Write("e.json", R"({"a": {"entropies": [[1], [2]]}, "b": {"entropies": [[1, 2]]}})");
  const auto indices = StoredIndices(At("e.json"));
  ASSERT_EQ(indices.size(), 2u);
  EXPECT_TRUE(std::isnan(indices[0].specialization_index));
  EXPECT_TRUE(std::isnan(indices[1].specialization_index));
  EXPECT_EQ(indices[1].constant_heads, (std::vector<int>{0, 1}));
}

}  // namespace
}  // namespace headspec::experiment
