// Linear layers on the shapes of Phi-1.5 and Phi-2, weights as stored. Each iteration also runs a loop of
// multiply-adds without memory; `share` is the layer's rate as a part of that loop's, median over the
// iterations, and `cpu_share` the same by the processor time of all threads, which other load on the machine
// disturbs less.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <string>
#include <vector>

#include "engine/kernels/arithmetic.h"
#include "engine/kernels/kernels.h"
#include "multiply_peak.h"

namespace headspec {
namespace {

struct Shape {
  const char* name;
  int outputs;
  int inputs;
};

constexpr Shape kShapes[] = {
    {"phi-1_5 query", 2048, 2048}, {"phi-1_5 up", 8192, 2048}, {"phi-1_5 down", 2048, 8192},
    {"phi-2 query", 2560, 2560},   {"phi-2 up", 10240, 2560},  {"phi-2 down", 2560, 10240},
};

struct Seconds {
  double elapsed;
  double processor;  // of all threads
};

template <class Body>
Seconds Time(const Body& body) {
  const std::clock_t processor = std::clock();
  const auto begin = std::chrono::steady_clock::now();
  body();
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
  return {elapsed.count(), static_cast<double>(std::clock() - processor) / CLOCKS_PER_SEC};
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// The upper halves of floats of either sign in [1, 2).
std::uint16_t NextValue(std::uint32_t& state) {
  state = state * 1664525u + 1013904223u;
  return static_cast<std::uint16_t>(0x3f80u | (state >> 16 & 0x807fu));
}

struct Problem {
  Problem(const Shape& shape, int tokens)
      : weight(static_cast<std::size_t>(shape.outputs) * static_cast<std::size_t>(shape.inputs)),
        x(static_cast<std::size_t>(tokens) * static_cast<std::size_t>(shape.inputs)),
        y(static_cast<std::size_t>(tokens) * static_cast<std::size_t>(shape.outputs)) {
    std::uint32_t state = 1;
    for (std::uint16_t& value : weight) value = NextValue(state);
    for (float& value : x) value = std::bit_cast<float>(std::uint32_t{NextValue(state)} << 16);
  }
  std::vector<std::uint16_t> weight;
  std::vector<float> x, y;
};

void RunLinear(benchmark::State& state, const std::string& target, const Shape& shape, int tokens) {
  const kernels::UseArithmetic use({.target = target});
  ThreadPool pool(0, kernels::AsOnThisThread());
  Problem p(shape, tokens);
  const MatrixView x{p.x.data(), tokens, shape.inputs, static_cast<std::size_t>(shape.inputs)};
  const MatrixView y{p.y.data(), tokens, shape.outputs, static_cast<std::size_t>(shape.outputs)};
  const kernels::LinearWeights w{
      {DType::kBF16, reinterpret_cast<const std::byte*>(p.weight.data()), shape.outputs, shape.inputs}, {}};
  const double operations = 2.0 * tokens * shape.outputs * shape.inputs;
  std::vector<double> rates, peaks, shares, cpu_shares;
  for (auto _ : state) {
    state.PauseTiming();
    double peak_operations = 0;
    const Seconds peak = Time([&] { peak_operations = RunMultiplyAdds(target, pool); });
    state.ResumeTiming();
    const Seconds linear = Time([&] { kernels::Linear(x, w, y, DType::kBF16, pool); });
    rates.push_back(operations / linear.elapsed / 1e9);
    peaks.push_back(peak_operations / peak.elapsed / 1e9);
    shares.push_back(rates.back() / peaks.back());
    cpu_shares.push_back(operations / linear.processor / (peak_operations / peak.processor));
  }
  state.counters["GFLOP/s"] = Median(rates);
  state.counters["peak"] = Median(peaks);
  state.counters["share"] = Median(shares);
  state.counters["cpu_share"] = Median(cpu_shares);
}

void RunPeak(benchmark::State& state, const std::string& target) {
  const kernels::UseArithmetic use({.target = target});
  ThreadPool pool(0, kernels::AsOnThisThread());
  double operations = 0;
  for (auto _ : state) operations += RunMultiplyAdds(target, pool);
  state.counters["GFLOP/s"] = benchmark::Counter(operations / 1e9, benchmark::Counter::kIsRate);
}

[[maybe_unused]] const bool kRegistered = [] {
  for (const std::string& target : kernels::Targets()) {
    benchmark::RegisterBenchmark(("peak/" + target).c_str(),
                                 [=](benchmark::State& state) { RunPeak(state, target); })
        ->Unit(benchmark::kMillisecond)
        ->UseRealTime();
    for (const Shape& shape : kShapes) {
      for (const int tokens : {182, 1280}) {
        const std::string name = "linear/" + target + "/" + shape.name + "/" + std::to_string(tokens);
        benchmark::RegisterBenchmark(
            name.c_str(), [=](benchmark::State& state) { RunLinear(state, target, shape, tokens); })
            ->Unit(benchmark::kMillisecond)
            ->UseRealTime();
      }
    }
  }
  return true;
}();

}  // namespace
}  // namespace headspec
