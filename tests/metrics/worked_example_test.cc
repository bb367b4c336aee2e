// The worked example of docs/science.md: each of its numbers is computed here, and the page has no others.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <regex>
#include <string>
#include <vector>

#include "headspec/table.h"
#include "metrics/baseline.h"
#include "metrics/head_metrics.h"
#include "metrics/index.h"
#include "metrics/pair.h"
#include "metrics/permutation_null.h"
#include "metrics/received_entropy.h"
#include "metrics/specialization.h"
#include "metrics/summary.h"
#include "metrics/token_matches.h"
#include "metrics/variance_shares.h"
#include "science_document.h"

namespace headspec::metrics {
namespace {

using Values = std::vector<double>;

// One layer's attention of one head, "the cat the".
const std::vector<std::vector<float>> kAttention = {{1}, {0.5f, 0.5f}, {0.25f, 0.25f, 0.5f}};
// Three layers, two heads; the first value of the base model is the entropy of kAttention, rounded.
const Table kBase = {{0.87, 0.80}, {0.50, 0.70}, {0.40, 0.30}};
const Table kTuned = {{0.80, 0.82}, {0.55, 0.60}, {0.35, 0.30}};

// Values as the page writes them.
std::string Shown(double value, int decimals = 4) { return fmt::format("{:.{}f}", value, decimals); }

std::string Shown(const Values& values, const char* between, int decimals = 4) {
  std::string text;
  for (const double value : values) text += (text.empty() ? "" : between) + Shown(value, decimals);
  return text;
}

// The section "One example from end to end"; what is found there is taken out of `rest`.
class Section {
 public:
  Section() {
    const std::string document = ScienceDocument();
    const auto begin = document.find("## One example from end to end");
    if (begin == std::string::npos) return;
    text_ = rest_ = document.substr(begin, document.find(" ## ", begin) - begin);
  }

  void ExpectSaid(const std::string& phrase) {
    EXPECT_NE(text_.find(phrase), std::string::npos) << "docs/science.md should say: " << phrase;
    for (auto at = rest_.find(phrase); at != std::string::npos; at = rest_.find(phrase))
      rest_.erase(at, phrase.size());
  }

  const std::string& rest() const { return rest_; }

 private:
  std::string text_, rest_;
};

// Every shuffle within layers, (H!)^L of them, or of two heads 2^L.
void Enumerate(Table& table, std::size_t layer, Values& found) {
  if (layer == table.size()) {
    found.push_back(*FastIndex(table));
    return;
  }
  std::sort(table[layer].begin(), table[layer].end());
  do Enumerate(table, layer + 1, found);
  while (std::next_permutation(table[layer].begin(), table[layer].end()));
}

Values AllShuffles(Table table) {
  Values found;
  Enumerate(table, 0, found);
  std::sort(found.begin(), found.end());
  return found;
}

double ExactP(const Values& all, double observed) {
  const auto is_below = [&](double value) { return value <= observed + 1e-12; };
  const auto is_above = [&](double value) { return value >= observed - 1e-12; };
  const auto tail = std::min(std::count_if(all.begin(), all.end(), is_below),
                             std::count_if(all.begin(), all.end(), is_above));
  return std::min(1.0, 2.0 * static_cast<double>(tail) / static_cast<double>(all.size()));
}

Values EverySecond(const Values& values) {
  Values kept;
  for (std::size_t i = 0; i < values.size(); i += 2) kept.push_back(values[i]);
  return kept;
}

Values Profile(const Table& table, std::size_t head) {
  Values values;
  for (const auto& layer : table) values.push_back(layer[head]);
  return values;
}

Values Centred(Values values) {
  const double mean = Mean(values);
  for (double& value : values) value -= mean;
  return values;
}

double Dot(const Values& a, const Values& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

void FromScoresToARow(Section& section) {
  const Values scores = {0, 0, 0.6931};
  double total = 0;
  for (const double score : scores) total += std::exp(score);
  for (std::size_t key = 0; key < scores.size(); ++key)
    EXPECT_NEAR(std::exp(scores[key]) / total, static_cast<double>(kAttention[2][key]), 2e-5);
  section.ExpectSaid(fmt::format("scores {}, {} and {}", 0, 0, Shown(scores[2])));
  for (const auto& row : kAttention) {
    std::string line = "|";
    for (const float weight : row) line += fmt::format(" {:.2f} |", weight);
    section.ExpectSaid(line);
  }
}

void FromRowsToAnEntropy(Section& section) {
  Values means(3), terms;
  for (const auto& row : kAttention) {
    for (std::size_t key = 0; key < row.size(); ++key) means[key] += static_cast<double>(row[key]) / 3;
  }
  double bits = 0;
  for (const double mean : means) {
    terms.push_back(-mean * std::log2(mean));
    bits += terms.back();
  }
  ReceivedEntropy entropy;
  entropy.Reset(3);
  for (const auto& row : kAttention) entropy.Add(row);
  EXPECT_NEAR(entropy.Value(), bits / std::log2(3), 1e-9);
  section.ExpectSaid("w = " + Shown(means, ", "));
  section.ExpectSaid(Shown(terms, " + ") + " = " + Shown(bits) + " bits");
  section.ExpectSaid(Shown(bits) + " / " + Shown(std::log2(3)) + " = " + Shown(entropy.Value()));
  EXPECT_NEAR(entropy.Value(), kBase[0][0], 0.005);
}

void OtherTraitsOfTheSameRows(Section& section) {
  const std::vector<int> ids = {7, 9, 7};
  const TokenMatches matches(ids);
  HeadMetricsReducer reducer;
  reducer.Reset({.tokens = 3, .causal = true, .window = 0, .matches = &matches});
  for (const auto& row : kAttention) reducer.Add(row);
  const HeadMetrics found = *reducer.Value();
  const auto said = [&](const char* name, double value) {
    section.ExpectSaid(fmt::format("| {} | {} |", name, Shown(value)));
  };
  said("query entropy", *found.query_entropy);
  said("sink mass", found.sink_mass);
  said("previous token", found.previous_token);
  said("duplicate token", *found.duplicate_token);
  said("induction", *found.induction);
  said("mean distance", found.mean_distance);
  said("locality", found.local_mass);
  said("largest weight", found.max_weight);
  said("effective support", found.effective_support);
}

void FromProfilesToTheIndex(Section& section) {
  for (std::size_t layer = 0; layer < kBase.size(); ++layer)
    section.ExpectSaid(fmt::format("| {} | {} | {} |", layer, Shown(kBase[layer], " | ", 2),
                                   Shown(kTuned[layer], " | ", 2)));
  const Values a = Centred(Profile(kBase, 0)), b = Centred(Profile(kBase, 1));
  section.ExpectSaid("A = " + Shown(a, ", ", 2));
  section.ExpectSaid("B = " + Shown(b, ", ", 2));
  const Specialization base = ComputeSpecialization(kBase);
  EXPECT_NEAR(base.mean_correlation, Dot(a, b) / std::sqrt(Dot(a, a) * Dot(b, b)), 1e-15);
  section.ExpectSaid(fmt::format("{} / sqrt({} * {}) = {}", Shown(Dot(a, b)), Shown(Dot(a, a)),
                                 Shown(Dot(b, b)), Shown(base.mean_correlation)));
  section.ExpectSaid(fmt::format("SI = 1 - {} = {}", Shown(base.mean_correlation), Shown(base.index)));
}

void EveryShuffle(Section& section) {
  const Values all = AllShuffles(kBase);
  ASSERT_EQ(all.size(), 8u);
  const double observed = *FastIndex(kBase);
  section.ExpectSaid("SI of the shuffles: " + Shown(EverySecond(all), ", "));
  for (std::size_t i = 0; i < all.size(); i += 2) EXPECT_NEAR(all[i], all[i + 1], 1e-12);
  EXPECT_NEAR(all.back(), observed, 1e-12);
  section.ExpectSaid("mean " + Shown(Mean(all)) + ", standard deviation " +
                     Shown(std::sqrt(PopulationVariance(all))));
  section.ExpectSaid("p = " + Shown(ExactP(all, observed), 3));
}

void SharesOfVariance(Section& section) {
  const VarianceShares shares = *ComputeVarianceShares(kBase);
  section.ExpectSaid("between layers " + Shown(shares.between, 6));
  section.ExpectSaid("within layers " + Shown(shares.within, 6));
  section.ExpectSaid("depth share " + Shown(shares.depth_share));
  section.ExpectSaid("ICC(1,1) " + Shown(*shares.icc));
}

void TheVerdictAndWhatShufflesSayOfIt(Section& section) {
  const HeadSummary base = *SummarizeHeads(kBase, 2), tuned = *SummarizeHeads(kTuned, 2);
  const PairComparison pair = *ComparePair(base, tuned);
  section.ExpectSaid("SI " + Shown(tuned.specialization.index));
  section.ExpectSaid("delta SI = " + Shown(pair.index_delta));
  section.ExpectSaid("delta correlation = +" + Shown(pair.correlation_delta));
  section.ExpectSaid("delta variance = " + Shown(pair.variance_delta, 6));
  EXPECT_EQ(pair.index_decreased + pair.correlation_increased + pair.variance_decreased, 3);
  EXPECT_STREQ(CodeOf(pair.verdict), "A_CONFIRMED");
  section.ExpectSaid("A_CONFIRMED");
  Values deltas;
  for (const double before : AllShuffles(kBase)) {
    for (const double after : AllShuffles(kTuned)) deltas.push_back(after - before);
  }
  ASSERT_EQ(deltas.size(), 64u);
  section.ExpectSaid("mean " + Shown(Mean(deltas)) + ", standard deviation " +
                     Shown(std::sqrt(PopulationVariance(deltas))));
  section.ExpectSaid("p = " + Shown(ExactP(deltas, pair.index_delta), 3));
}

TEST(WorkedExample, YieldsEveryNumberOfItsSection) {
  Section section;
  FromScoresToARow(section);
  FromRowsToAnEntropy(section);
  OtherTraitsOfTheSameRows(section);
  FromProfilesToTheIndex(section);
  EveryShuffle(section);
  SharesOfVariance(section);
  TheVerdictAndWhatShufflesSayOfIt(section);
  std::smatch number;
  EXPECT_FALSE(std::regex_search(section.rest(), number, std::regex("[0-9]+\\.[0-9]+")))
      << "not computed: " << number.str() << " in: " << section.rest();
}

// The remarks on the entropy of received attention.
TEST(ScienceDocument, SharpAndUniformHeadsLookAlike) {
  constexpr int kTokens = 37;
  ReceivedEntropy previous;
  previous.Reset(kTokens);
  for (int query = 0; query < kTokens; ++query) {
    std::vector<float> row(static_cast<std::size_t>(query + 1));
    row[static_cast<std::size_t>(std::max(0, query - 1))] = 1;
    previous.Add(row);
  }
  EXPECT_TRUE(
      DocumentSays(fmt::format("{} tokens a head that looks at nothing but the previous token scores {:.3f}",
                               kTokens, previous.Value())));
  EXPECT_TRUE(DocumentSays(
      fmt::format("evenly to all it sees scores {:.3f}", UniformCausalHead(kTokens)->received_entropy)));
}

}  // namespace
}  // namespace headspec::metrics
