// Measures a model: entropy of every head, and their Specialization Index with its interval.
#include <headspec/plans.h>
#include <headspec/run.h>
#include <cstdio>
#include <exception>

int main(int argc, char** argv) try {
  if (argc != 2) return std::puts("usage: measure MODEL    (a folder, or org/name on the hub)"), 2;
  headspec::Observer silent;  // derive from it for progress, notes and cancellation
  const headspec::RunResult run = headspec::Measure(headspec::PlanOf({argv[1]}), {}, silent);
  const headspec::ModelResult& model = run.models.front();
  if (model.error) return std::fprintf(stderr, "%s\n", model.error->c_str()), model.error_code;

  std::printf("%s: SI %.4f, %d layers x %d heads\n", model.display.c_str(), model.si_mean, model.num_layers,
              model.num_heads);
  if (const auto& bootstrap = model.statistics.index.bootstrap.value) {
    const headspec::Interval& interval = bootstrap->at_95();
    std::printf("95 %% of resampled prompts: %.4f to %.4f\n", interval.low, interval.high);
  }
  for (std::size_t layer = 0; layer < model.head_entropies.size(); ++layer) {
    std::printf("layer %zu:", layer);
    for (const double entropy : model.head_entropies[layer]) std::printf(" %.4f", entropy);
    std::puts("");
  }
  return 0;
} catch (const std::exception& e) {
  return std::fprintf(stderr, "%s\n", e.what()), 1;
}
