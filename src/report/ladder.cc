#include "report/ladder.h"

#include <fmt/format.h>

#include <cmath>

namespace headspec::report {
namespace {

constexpr std::string_view kNotebookExperiment = "E08-Phi-Size-Ladder";

}  // namespace

std::string ModelSizeLabel(double billions) {
  // Sizes like 0.5B are known in billions, sizes like 124M in millions: one decimal decides.
  const double tenths = billions * 10;
  const bool round_tenths = std::fabs(tenths - std::round(tenths)) < 1e-9;
  if (billions >= 1 || (billions >= 0.1 && round_tenths)) return fmt::format("{:.4g}B", billions);
  if (billions >= 1e-4) return fmt::format("{:.4g}M", billions * 1e3);
  return fmt::format("{:.4g}K", billions * 1e6);
}

LadderTitles TitlesOf(const Plan& plan) {
  if (plan.experiment == kNotebookExperiment) {
    return {.table = "COMPLETE PHI FAMILY SIZE LADDER",
            .bars = "Microsoft Phi Family: Complete Size Ladder",
            .points = "Size vs SI: Testing Size Confound",
            .series = "Microsoft Phi",
            .models = "Phi models",
            .family = "Microsoft heritage"};
  }
  return {.table = "SIZE LADDER",
          .bars = plan.experiment.empty() ? "Size ladder" : plan.experiment + ": size ladder",
          .points = "Size vs SI",
          .series = "Models",
          .models = "models",
          .family = "this ladder"};
}

}  // namespace headspec::report
