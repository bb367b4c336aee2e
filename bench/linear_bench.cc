// Linear layers on the shapes of Phi-1.5 and Phi-2, weights as stored: GFLOP/s per instruction set.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

#include "engine/kernels/kernels.h"

namespace headspec {
namespace {

struct Shape {
  const char* name;
  int outputs;
  int inputs;
};

constexpr Shape kShapes[] = {
    {"phi-1_5 query", 2048, 2048}, {"phi-1_5 up", 8192, 2048},  {"phi-2 query", 2560, 2560},
    {"phi-2 up", 10240, 2560},     {"phi-2 down", 2560, 10240},
};

void RunLinear(benchmark::State& state, const std::string& target, const Shape& shape, int tokens) {
  kernels::SelectTarget(target);
  ThreadPool pool(0);
  const auto rows = static_cast<std::size_t>(tokens);
  const std::vector<std::uint16_t> weight(
      static_cast<std::size_t>(shape.outputs) * static_cast<std::size_t>(shape.inputs), 0x3f80);
  std::vector<float> x(rows * static_cast<std::size_t>(shape.inputs), 1.0f);
  std::vector<float> y(rows * static_cast<std::size_t>(shape.outputs));
  const MatrixView input{x.data(), tokens, shape.inputs, static_cast<std::size_t>(shape.inputs)};
  const MatrixView output{y.data(), tokens, shape.outputs, static_cast<std::size_t>(shape.outputs)};
  const kernels::LinearWeights w{
      {DType::kBF16, reinterpret_cast<const std::byte*>(weight.data()), shape.outputs, shape.inputs}, {}};
  for (auto _ : state) kernels::Linear(input, w, output, DType::kBF16, pool);
  const double operations = 2.0 * tokens * shape.outputs * shape.inputs;
  state.counters["GFLOP/s"] = benchmark::Counter(operations * static_cast<double>(state.iterations()) / 1e9,
                                                 benchmark::Counter::kIsRate);
}

[[maybe_unused]] const bool kRegistered = [] {
  for (const std::string& target : kernels::Targets()) {
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
