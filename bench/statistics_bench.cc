// What the statistics cost beside a forward pass: all of one model's (L layers, H heads, P prompts, 1000
// shuffles, 2000 resamples, one thread), and the head metrics for each attention weight.
#include <benchmark/benchmark.h>

#include <vector>

#include "metrics/bootstrap.h"
#include "metrics/head_metrics.h"
#include "metrics/head_summary.h"
#include "metrics/index.h"
#include "metrics/permutation_null.h"
#include "metrics/random.h"
#include "metrics/received_entropy.h"
#include "metrics/specialization.h"
#include "metrics/variance_shares.h"

namespace headspec::metrics {
namespace {

std::vector<Table> RandomPrompts(int prompts, int layers, int heads) {
  Random random(1, "bench");
  std::vector<Table> tables;
  for (int prompt = 0; prompt < prompts; ++prompt) {
    Table& table = tables.emplace_back();
    for (int layer = 0; layer < layers; ++layer) {
      auto& row = table.emplace_back();
      for (int head = 0; head < heads; ++head) row.push_back(random.Uniform());
    }
  }
  return tables;
}

void AllStatistics(benchmark::State& state) {
  const auto layers = static_cast<int>(state.range(0)), heads = static_cast<int>(state.range(1));
  const auto tables = RandomPrompts(10, layers, heads);
  const Table mean = MeanTable(tables);
  for (auto _ : state) {
    benchmark::DoNotOptimize(ComputePermutationNull(mean, {}));
    benchmark::DoNotOptimize(ComputeVarianceShares(mean));
    benchmark::DoNotOptimize(SummarizeHeads(mean, heads));
    Random random(42, "bootstrap");
    benchmark::DoNotOptimize(BootstrapPrompts(tables, FastIndex, DrawResamples(10, 2000, random)));
  }
}

std::vector<std::vector<float>> RandomCausal(std::size_t tokens) {
  Random random(1, "bench");
  std::vector<std::vector<float>> attention;
  for (std::size_t query = 0; query < tokens; ++query) {
    std::vector<float> row(query + 1);
    for (float& weight : row)
      weight = static_cast<float>(2 * random.Uniform() / static_cast<double>(row.size()));
    attention.push_back(row);
  }
  return attention;
}

template <class Reduce>
void RunReducer(benchmark::State& state, const Reduce& reduce) {
  const auto tokens = static_cast<std::size_t>(state.range(0));
  const auto attention = RandomCausal(tokens);
  for (auto _ : state) reduce(attention);
  state.counters["weights/s"] = benchmark::Counter(static_cast<double>(tokens * (tokens + 1) / 2),
                                                   benchmark::Counter::kIsIterationInvariantRate);
}

void ReceivedEntropyOfAHead(benchmark::State& state) {
  ReceivedEntropy reducer;
  RunReducer(state, [&](const std::vector<std::vector<float>>& attention) {
    reducer.Reset(static_cast<int>(attention.size()));
    for (const auto& row : attention) reducer.Add(row);
    benchmark::DoNotOptimize(reducer.Value());
  });
}

void HeadMetricsOfAHead(benchmark::State& state) {
  std::vector<int> ids;
  for (int i = 0; i < state.range(0); ++i) ids.push_back(i % 50);
  const TokenMatches matches(ids);
  HeadMetricsReducer reducer;
  RunReducer(state, [&](const std::vector<std::vector<float>>& attention) {
    reducer.Reset({static_cast<int>(attention.size()), true, 0, &matches});
    for (const auto& row : attention) reducer.Add(row);
    benchmark::DoNotOptimize(reducer.Value());
  });
}

BENCHMARK(AllStatistics)->Args({32, 32})->Args({80, 64})->Unit(benchmark::kMillisecond);
BENCHMARK(ReceivedEntropyOfAHead)->Arg(37)->Arg(182)->Arg(1280)->Unit(benchmark::kMicrosecond);
BENCHMARK(HeadMetricsOfAHead)->Arg(37)->Arg(182)->Arg(1280)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace headspec::metrics
