// The forward pass: all prompts as one ragged batch, layer after layer straight from the mapped file,
// every attention row handed to an AttentionSink. No logits: the last layer ends with its attention.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/dtype.h"
#include "core/progress.h"
#include "engine/attention_sink.h"
#include "engine/finite_watch.h"
#include "model/model.h"

namespace headspec::engine {

// Token ids of one prompt, at least one, each below the vocabulary size.
using TokenIds = std::vector<int>;

// Tokens of a padded prompt that are not padding: `first` .. `last` - 1, at least one. Padding is no key for
// any query; its own queries are computed and handed to the sink like all others.
struct ValidTokens {
  int first = 0;
  int last = 0;
};

constexpr std::uint64_t kDefaultActivationBudget = std::uint64_t{1} << 30;

struct ForwardOptions {
  DType type = DType::kBF16;        // the model's precision: kF32, kBF16 or kF16
  DType score_type = DType::kBF16;  // of queries times keys: `type`, or kF32 where a profile upcasts them
  int threads = 0;                  // 0: all
  std::uint64_t activation_budget = kDefaultActivationBudget;  // bytes
  bool fast_bf16 = false;        // use the processor's bf16 unit, whose order of additions is its own
  std::string cpu_target;        // instruction set, e.g. "AVX2"; empty: the best here
  bool low_memory = false;       // also drop a used layer from the file cache
  Progress* progress = nullptr;  // may be null; one unit per layer
  std::vector<ValidTokens> valid_tokens{};  // (P); empty: no prompt is padded
};

struct ForwardReport {
  std::int64_t non_finite = 0;        // NaN and infinite values in all
  Place first_non_finite;             // meaningful if there are any
  std::vector<double> max_abs_score;  // (L): largest |query . key| before scaling, over visible keys
  std::string cpu_target;  // the vector instruction set that it ran on: "AVX2", "AVX3" (AVX-512), ...
};

// Throws Error(kInput) on a token id outside the vocabulary and Error(kInterrupted) when cancelled.
ForwardReport Forward(const model::Model& model, const std::vector<TokenIds>& prompts, AttentionSink& sink,
                      const ForwardOptions& options);

// What decides the bits of a pass beside model, tokens and types: "fused multiply-add" for all instruction
// sets that have it, as they give the same; else the name of the set, or of the bf16 unit. Throws
// Error(kInput) on a cpu_target that is not here.
std::string ArithmeticOf(const ForwardOptions& options);

// What a pass can run on here, best first, the bf16 units among them: values of ForwardOptions::cpu_target.
std::vector<std::string> CpuTargets();
// What multiplies the weights of such a pass (kernels/products.h). Throws as ArithmeticOf.
std::string Products(const ForwardOptions& options);
std::string HighwayVersion();

}  // namespace headspec::engine
