// What was measured: everything that results.json, the tables and the figure are made from.
// Letters: P prompts, L layers, H query heads.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "headspec/plan.h"
#include "headspec/statistics.h"
#include "headspec/table.h"

namespace headspec {

// The settings that the sanity check chose; null fields before any variant passed.
struct SanityOverride {
  std::optional<bool> use_chat_template;  // prompts as the user's turn of a chat
  std::optional<std::string> dtype;       // "torch.bfloat16"
  std::optional<std::string> label;       // "raw+bf16"
};

// One variant of the eight-step check. Fields after a failed step keep their defaults and
// `reached_step` says how far it came (1..8, the steps as the notebook numbers them).
struct SanityResult {
  bool ok = false;                         // all eight steps passed
  std::string label;                       // of the variant: "raw+bf16"
  std::string reason;                      // empty when ok; else the notebook's word, "nan_inf" and so on
  int reached_step = 0;                    // 1..8
  bool use_chat_template = false;          // of the variant
  std::string dtype;                       // "torch.bfloat16"
  std::string prompt;                      // the one it was checked on
  int valid_len = 0;                       // tokens of the prompt without a template
  int num_layers = 0;                      // L
  int num_heads = 0;                       // H
  double attn_abs_mean = 0;                // over layer 0, all heads
  double attn_std = 0;                     // over layer 0, all heads, n - 1
  std::array<double, 2> entropy_range{};   // least and largest received entropy, 0..1
  double entropy_mean = 0;                 // over layers and heads
  double baseline_si = 0;                  // the index of this prompt
  double mean_corr = 0;                    // 1 - baseline_si
  bool heads_identical = false;            // heads 0 and 1 of layer 0, within 1e-4
  std::vector<std::string> warnings = {};  // about keeping its pass for later runs
};

// Where a NaN or an infinity was seen first, and how many there were in all.
struct NonFinite {
  std::int64_t count = 0;  // values over the whole pass; 0: none
  std::string operation;   // "attention scores", "mlp up projection", ...
  int layer = -1;          // from 0; -1: not in a layer
  int prompt = -1;         // -1: not tied to one prompt
  int head = -1;           // -1: not tied to one head
};

// In which arithmetic a model was measured, and whether it held.
struct Numerics {
  std::string profile;     // "hf-4.57"
  std::string dtype;       // "torch.bfloat16"
  std::string cpu_target;  // vector instruction set the kernels ran on
  // What multiplied the weights: "float32 fused multiply-add" gives the same bits on every processor,
  // "AMX-BF16" and "AVX512-BF16" (of --fast-bf16) on those with that unit.
  std::string products;
  NonFinite non_finite;               // the first NaN or infinity
  std::vector<double> max_abs_score;  // [L]: largest |query . key| before scaling
  double largest_finite = 0;          // of the type that holds the scores; beyond it they overflow
};

// A file that the result depends on: configuration, tokenizer, weights.
struct FileRecord {
  std::string name;             // within the model's folder
  std::uint64_t bytes = 0;      // its size
  std::string hash = {};        // "sha256:<64 hex>", or "git-sha1:<40 hex>" as the hub names small files
  bool hash_from_name = false;  // taken from the blob's name in the cache, where it was verified on arrival
};

// Stored tensors of one type, and what they became on the way into the arithmetic.
struct Conversion {
  std::string stored;         // "BF16", as safetensors names it
  std::string used;           // "torch.bfloat16"
  std::uint64_t tensors = 0;  // how many
  std::uint64_t bytes = 0;    // as stored
};

// What a model's numbers depend on.
struct Provenance {
  std::string folder;                   // absolute path
  std::string repository;               // "microsoft/phi-2" when it came from the hub's cache, else empty
  std::string revision;                 // commit when it came from the cache, else empty
  std::string model_type;               // as in config.json: "phi"
  std::string weights_dtype;            // of the stored weights; several are joined by ", "
  std::uint64_t parameters = 0;         // in the weights
  std::vector<FileRecord> files;        // configuration, tokenizer, weights
  std::vector<Conversion> conversions;  // one for each stored type
  // How text became tokens.
  std::string tokenizer_class;
  bool adds_bos = false;               // the tokenizer puts a special token in front
  bool has_chat_template = false;      // its tokenizer comes with one
  bool chat_template_applied = false;  // it was used
  std::string chat_template_sha256;    // empty without a template
};

// Where the time went.
struct Timing {
  double load_seconds = 0;         // configuration, tokenizer, mapping and checking of the weights
  double forward_seconds = 0;      // attention of all prompts, metrics included
  std::uint64_t weight_bytes = 0;  // read in one pass
  // When the pass was computed, "20260113_181926" in local time, if an earlier run did and this one reused
  // what it kept; else empty. forward_seconds is that earlier run's then.
  std::string reused_from;
};

// One number for every head: query_entropy, received_entropy_without_first, sink_mass, previous_token,
// duplicate_token, mean_distance, local_mass, max_weight, effective_support, or induction. Defined in
// metrics/head_metrics.h.
struct HeadMetric {
  std::string name;                    // one of those above, or the caller's own
  Table mean = {};                     // [L][H], over the prompts that define it; NaN where none does
  std::vector<Table> per_prompt = {};  // [P][L][H]; empty for induction, which has a sequence of its own
  Table kv_group_means = {};           // [L][key-value heads] in grouped-query models, else empty
};

// How the heads of one model vary together.
struct HeadStatistics {
  Table head_correlation;           // [H][H], Pearson correlation of depth profiles; NaN where undefined
  std::vector<int> constant_heads;  // heads whose depth profile is constant: left out of the mean
  IndexStatistics index = {};       // what stands beside the index
};

// The index with one thing changed.
struct SensitivityRow {
  std::string kind;   // "measured", "dtype", "numerics", "metric", "without layer" or "without prompt"
  std::string label;  // "float16"; "query entropy"; "layer 3", from 0; "prompt 2", from 1
  double si = 0;      // NaN where it is not defined
  std::string note;   // what to know about it: not finite values, or why there is none; else empty
};

// The same architecture with weights that were never trained, on the same prompts.
struct RandomWeights {
  std::uint64_t seed = 0;        // of the random numbers
  double initializer_range = 0;  // deviation of the normal distribution the matrices are drawn from
  double si = 0;                 // NaN where it is not defined
  Table head_entropies;          // [L][H], mean over prompts
};

// What heads give that have learnt nothing.
struct Baselines {
  // A causal head that attends evenly to all it sees, by the names of HeadMetric and "received_entropy": mean
  // over prompts. It has no index, as it does not vary over depth.
  std::vector<std::pair<std::string, double>> uniform_head;
  std::optional<RandomWeights> random_weights;  // or no_random_weights says why not
  std::string no_random_weights;                // why there are none; else empty
};

// What a model's prompts were filled up with; `side` is empty where they were not.
struct PaddingUsed {
  std::string side;  // "left" or "right"
  int token = -1;    // its id
  int length = 0;    // of every prompt then
};

// What was measured of one model.
struct ModelResult {
  std::string model;                 // name as asked for
  std::string display;               // name as shown
  std::string size;                  // "2.7B"
  std::optional<std::string> error;  // set: the model failed and the rest is not meaningful
  int error_code = 0;                // the exit code that the failure alone would have

  std::string architecture;        // "MHA", "MQA", "GQA (32:8)"
  int num_layers = 0;              // L
  int num_heads = 0;               // H
  int num_kv_heads = 0;            // H unless heads share keys
  int hidden_size = 0;             // width of the residual stream
  int d_head = 0;                  // width of a head
  double rho_head = 0;             // H / sqrt(hidden size)
  double rho_kv = 0;               // key-value heads / L
  SanityOverride sanity_override;  // what the sanity check chose

  double si_mean = 0;             // the Specialization Index: 1 - corr_mean; NaN if fewer than two heads vary
  double si_std = 0;              // over seeds: 0, as nothing in the pass is random
  std::vector<double> si_values;  // one per seed
  double corr_mean = 0;           // Pearson, mean over pairs of heads' depth profiles

  Table head_entropies;                          // [L][H], mean over prompts
  std::vector<Table> prompt_entropies;           // [P][L][H]
  std::vector<int> valid_lengths;                // [P]
  std::vector<std::vector<int>> token_ids;       // [P][valid length]
  std::vector<std::vector<std::string>> tokens;  // [P][valid length]
  // [P][valid length]: "bos", "template" (what the chat template adds), "special" (any other token that the
  // tokenizer adds), or "text".
  std::vector<std::vector<std::string>> token_roles;
  // [P], each [L][H][T][T] (query, key): attention kept on request, round(255 w); empty unless asked for. Not
  // in results.json.
  std::vector<std::vector<std::uint8_t>> attention;
  PaddingUsed padding;                   // lengths, ids and tokens are without it
  HeadStatistics statistics;             // correlations, nulls and intervals
  std::vector<HeadMetric> head_metrics;  // empty if they were not asked for; per_prompt not in results.json
  Table kv_group_entropies;              // [L][key-value heads]: head_entropies as HeadMetric::kv_group_means
  std::vector<int> induction_ids;        // the tokens that induction was measured on; empty: it was not
  std::vector<SensitivityRow> sensitivity;  // "measured" first; empty unless asked for
  std::optional<Baselines> baselines;       // if asked for
  Numerics numerics;                        // arithmetic
  Provenance provenance;                    // files, tokenizer, types
  Timing timing;                            // seconds
  std::vector<std::string> warnings;        // one line each
};

// One of the notebook's two decisions: counts, and the words they lead to.
struct Decision {
  int supporting = 0;          // values within the tolerance
  int valid = 0;               // values there were: measured models and references
  std::string conclusion;      // HERITAGE_CONFIRMED, SIZE_CONFOUND_DETECTED or INCONCLUSIVE
  std::string recommendation;  // "A-Tier" or "B-Tier (unchanged)"
};

// By both of the notebook's rules.
struct Verdict {
  Decision printed;       // the console cell's rule
  Decision stored;        // the JSON cell's rule
  int models_tested = 0;  // those that did not fail
  // Whose index lies within the hypothesis's tolerance of its target.
  std::vector<bool> models_within_target = {};      // one per RunResult::models; false for a failed one
  std::vector<bool> references_within_target = {};  // one per Plan::references
};

// A library that the program is linked to.
struct Library {
  std::string name;     // "Highway"
  std::string version;  // as it states it
};

// The program and the machine that computed a result.
struct Environment {
  std::string program;             // "headspec 0.1.0"
  std::string commit;              // of the source tree, with "-dirty" when it had changes; empty if unknown
  std::string compiler;            // "GNU 12.2.0"
  std::string build;               // "Release"
  std::string system;              // "Linux 6.1.0 x86_64"
  std::string cpu;                 // as the system names it
  int logical_cpus = 0;            // of the machine
  int threads = 0;                 // used
  std::vector<Library> libraries;  // those that numbers depend on
};

// What Run or Measure gave: the content of results.json.
struct RunResult {
  int schema_version = 1;                     // of results.json (docs/json.md)
  Plan plan;                                  // as run
  std::string timestamp;                      // "20260113_181926", local time
  std::string headspec_version;               // "0.1.0"
  SanityOverride sanity_override;             // what the sanity check chose for all models
  std::optional<SanityResult> sanity;         // the variant that decided; null when none was asked for
  std::vector<SanityResult> sanity_attempts;  // all, in order
  std::vector<ModelResult> models;            // one for each entry of the plan's ladder, in its order
  std::optional<Verdict> verdict;             // null without a hypothesis
  TrendStatistics trend;                      // the index over size
  std::vector<std::string>
      readings;             // what the statistics of the ladder support, and where a verdict says more
  Environment environment;  // program and machine
  std::vector<std::string> warnings;  // about the ladder as a whole: what its models do not have in common
};

}  // namespace headspec
