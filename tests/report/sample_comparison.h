// A pair with everything in it that a comparison can hold; the numbers mean nothing.
#pragma once

#include "headspec/comparison.h"
#include "report/helpers.h"

namespace headspec::report {

inline PairSide SampleSide(const std::string& name, double index) {
  PairSide side;
  side.name = name;
  side.source = "measured";
  side.layers = side.heads = 2;
  side.kv_heads = 1;
  side.architecture = "GQA (2:1)";
  side.specialization_index = index;
  side.mean_head_correlation = 1 - index;
  side.mean_head_variance = 0.01;
  side.effective_heads = 1.5;
  side.effective_ratio = 0.75;
  side.layer_variances = {0.01, 0.02};
  side.early_variance = 0.01;
  side.middle_variance = 0.015;
  side.late_variance = 0.02;
  side.head_correlation = {{1, 0.5}, {0.5, 1}};
  side.constant_heads = {1};
  side.groups = KeyValueGroups{
      .group_size = 2, .groups = 1, .within = 0.1, .between = 0.2, .ratio = 0.5, .per_group = {0.1}};
  side.entropies = {{0.5, 0.25}, {0.75, 0.25}};
  side.prompt_entropies = {{{0.5, 0.25}, {0.75, 0.25}}, {{0.5, 0.25}, {0.75, 0.25}}};
  side.null = ShuffleNull{.what = "heads shuffled within each layer",
                          .shuffles = 1000,
                          .mean = 0.5,
                          .deviation = 0.125,
                          .z = 2,
                          .p = 0.0625,
                          .band_95 = {0.25, 0.75}};
  side.null_reading = "what shuffles give";
  side.dtype = "torch.bfloat16";
  return side;
}

inline Comparison SampleComparison() {
  Comparison pair;
  pair.run.plan.experiment = "E11_Territorial_Collapse";
  pair.run.plan.protocol.standard = "E11-v3";
  pair.run.timestamp = "20260113_181926";
  pair.run.headspec_version = "0.1.0";
  pair.run.environment = SampleRun().environment;
  pair.base = SampleSide("org/base", 0.5);
  pair.tuned = SampleSide("org/tuned", 0.25);
  pair.prompt_version = "Standard-10 v3";
  pair.prompt_md5 = "715065bab181f46bf12ed471951141e2";
  pair.num_prompts = 10;
  pair.max_length = 128;
  pair.use_chat_template = false;
  pair.padding = "none";
  pair.verdict = {"A_CONFIRMED", true, true, false};
  const PromptBootstrap bootstrap = {.resamples = 2000,
                                     .standard_error = 0.01,
                                     .percentile_95 = {-0.3, -0.2},
                                     .bca_95 = Range{-0.31, -0.21}};
  pair.deltas = {{.name = "specialization",
                  .value = -0.25,
                  .bootstrap = bootstrap,
                  .why_no_bootstrap = "",
                  .null = pair.base.null,
                  .why_no_null = "",
                  .bootstrap_reading = "excludes 0",
                  .null_reading = "beyond the null"},
                 {.name = "variance",
                  .value = 0,
                  .bootstrap = {},
                  .why_no_bootstrap = "one prompt",
                  .null = {},
                  .why_no_null = "one layer",
                  .bootstrap_reading = "no interval over prompts: one prompt",
                  .null_reading = ""}};
  pair.map_difference = MapDifference(pair.base, pair.tuned);
  pair.without_padding = WithoutPadding{"left", "right", 0.5, 0.375, "B_PARTIAL"};
  pair.notes = {"a note"};
  pair.warnings = {"a warning"};
  return pair;
}

}  // namespace headspec::report
