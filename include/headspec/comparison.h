// The E11 pair protocol: a base model against a tuned one. Fields have the names of the study's published E11
// files; what goes beyond them stands apart, in `Statistics` and in each side's null. Every difference is
// tuned - base. Letters: P prompts, L layers, H query heads, G groups of heads that share a key-value head.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "headspec/export.h"
#include "headspec/plan.h"
#include "headspec/result.h"
#include "headspec/run.h"
#include "headspec/table.h"

namespace headspec {

// A closed interval.
struct Range {
  double low = 0;   // lower end
  double high = 0;  // upper end
};

// What shuffles give where the null hypothesis holds by construction.
struct ShuffleNull {
  std::string what;         // "heads shuffled within each layer", or "models exchanged within prompts"
  int shuffles = 0;         // how many
  double mean = 0;          // of the shuffled values
  double deviation = 0;     // n - 1
  std::optional<double> z;  // empty if all shuffles give one value
  double p = 1;             // two-sided
  Range band_95;            // their middle 95 %
};

// What other prompts of this kind would give: the same resamples for both models.
struct PromptBootstrap {
  int resamples = 0;          // those that define the difference
  double standard_error = 0;  // deviation of the resampled differences, n - 1
  Range percentile_95;        // percentile interval
  // Bias-corrected and accelerated (Efron 1987); empty where it is not defined.
  std::optional<Range> bca_95 = {};
};

// One difference, tuned - base, with what chance gives.
struct PairDelta {
  std::string name;  // as published: "specialization", "correlation", "variance", "gqa_ratio"
  double value = 0;  // tuned - base
  std::optional<PromptBootstrap> bootstrap = {};  // of the difference, over prompts
  std::string why_no_bootstrap = {};              // empty when there is one
  std::optional<ShuffleNull> null = {};           // of the difference, over shuffles
  std::string why_no_null = {};                   // empty when there is one
  std::string bootstrap_reading = {};             // one line each
  std::string null_reading = {};                  // in words, one line
};

// Variance of entropies in groups of consecutive heads that share a key-value head.
struct KeyValueGroups {
  int group_size = 0;             // heads in a group: H / G
  int groups = 0;                 // G
  double within = 0;              // mean of `per_group`
  double between = 0;             // mean over layers of the variance of the group means
  std::optional<double> ratio;    // within / between; empty if `between` is 0
  std::vector<double> per_group;  // (G) mean over layers of the variance inside the group
};

// One model of the pair.
struct PairSide {
  std::string name;                       // "tiiuae/falcon-7b"
  std::string source;                     // "measured", or file and place of the stored entropies
  int layers = 0;                         // L
  int heads = 0;                          // H
  int kv_heads = 0;                       // G; H without groups
  std::string architecture;               // "MHA", "GQA (32:8)"; empty: nobody stated it
  double specialization_index = 0;        // 1 - mean_head_correlation
  double mean_head_correlation = 0;       // Pearson, over pairs of heads' depth profiles
  double mean_head_variance = 0;          // over heads, mean over layers
  std::optional<double> effective_heads;  // 2^entropy of the heads' means over layers, normalised to sum 1
  std::optional<double> effective_ratio;  // effective_heads / H
  std::vector<double> layer_variances;    // (L) over heads
  std::optional<double> early_variance;   // mean over the first L / 3 layers; empty if none
  std::optional<double> middle_variance;  // over the next L / 3 layers; empty if none
  std::optional<double> late_variance;    // over the rest
  Table head_correlation;                 // (H, H); NaN where undefined
  std::vector<int> constant_heads;        // whose depth profile does not vary: left out of the mean
  std::optional<KeyValueGroups> groups;   // for 1 < G < H
  Table entropies;                        // (L, H)
  std::vector<Table> prompt_entropies;    // (P)(L, H); empty: only their mean was stored
  std::optional<ShuffleNull> null;        // of the index
  std::string null_reading;               // in words, one line
  std::string dtype;                      // "torch.bfloat16"; empty: nobody stated it
};

// tuned - base of the entropies, head by head; empty if the shapes differ.
inline std::optional<Table> MapDifference(const PairSide& base, const PairSide& tuned) {
  if (base.layers != tuned.layers || base.heads != tuned.heads) return std::nullopt;
  Table difference = tuned.entropies;
  for (std::size_t layer = 0; layer < difference.size(); ++layer) {
    for (std::size_t head = 0; head < difference[layer].size(); ++head)
      difference[layer][head] -= base.entropies[layer][head];
  }
  return difference;
}

// The published rule: what the signs of three differences say.
struct PairVerdict {
  std::string code;                       // A_CONFIRMED, B_PARTIAL or C_REFUTED; empty: a model failed
  bool specialization_decreased = false;  // tuned below base
  bool correlation_increased = false;     // tuned above base
  bool variance_decreased = false;        // tuned below base
};

// SI with the padding left in the metric is in the sides; here it is without.
struct WithoutPadding {
  std::string base_side;   // where base's padding was: "left" or "right"
  std::string tuned_side;  // where tuned's was
  double base_index = 0;   // SI of base
  double tuned_index = 0;  // SI of tuned
  std::string code;        // the verdict then
};

// What Compare found.
struct Comparison {
  RunResult run;               // plan, time, machine; its models are those that were measured, base first
  PairSide base;               // one side
  PairSide tuned;              // the other
  std::string prompt_version;  // empty: nobody stated it
  std::string prompt_md5;      // of both
  int num_prompts = 0;         // 0: nobody stated it
  int max_length = 0;          // tokens kept of each prompt; 0: nobody stated it
  std::optional<bool> use_chat_template;  // of both; empty: nobody stated it
  PairVerdict verdict;                    // by the published rule
  std::vector<PairDelta> deltas;  // specialization, correlation, variance, and gqa_ratio where both have it
  std::optional<Table> map_difference;            // as MapDifference
  std::string padding;                            // as PaddingName; empty: nobody stated it
  std::optional<WithoutPadding> without_padding;  // where both were measured with it
  std::vector<std::string> notes;                 // what the verdict and the numbers leave open
  std::vector<std::string> warnings;              // what the two do not have in common
};

// `plan` names both models; a name that is a file is a stored result and is read, the others are measured
// with the plan's protocol. A model that fails leaves its error in `run` and the rest empty. One name alone
// is a file that holds both models of a pair. Throws headspec::Error.
HEADSPEC_API Comparison Compare(const Plan& plan, const RunOptions& options, Observer& observer);

}  // namespace headspec
