// One forward pass over the prompts with the reducers that listen to it: computed, or taken from the memo of
// an earlier run.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/forward.h"
#include "experiment/pass_memo.h"
#include "experiment/pass_parts.h"
#include "experiment/progress.h"
#include "experiment/subject.h"
#include "headspec/plan.h"
#include "headspec/run.h"

namespace headspec::experiment {

// Throws Error(kInput) on a numerics profile that is not known for the model's family.
engine::ForwardOptions ForwardOptionsOf(const model::ModelConfig& config, const Protocol& protocol,
                                        Precision precision, const RunOptions& run, Progress& progress);

struct PassRequest {
  PassKind kind = PassKind::kMeasurement;
  Precision precision = Precision::kBFloat16;
  RunOptions run = {};              // run.fresh: compute, and replace what is kept
  bool use_memo = true;             // neither look for a kept result nor keep this one
  bool head_metrics = false;        // measure them too
  std::vector<int> induction = {};  // token ids of one more prompt, for this metric alone; empty: without
  std::vector<engine::ValidTokens> valid_tokens = {};  // (P), where prompts are padded
  bool keep_attention = false;                         // no kept result has it: compute
  bool own_metrics = false;                            // run.metrics too: as well
};

struct Pass {
  PassResult result;
  bool is_reused = false;
  std::vector<std::string> warnings;
  std::filesystem::path kept_in = {};  // empty: not kept
};

// The memo is used where the files of `subject` are identified. More prompts than run.prompts_at_once are
// computed in parts, where that changes no bit. Throws Error.
Pass RunPass(const Subject& subject, const std::vector<std::vector<int>>& ids, const Protocol& protocol,
             const PassRequest& request, Observer& observer);

// The parts that RunPass computes; one if it computes all prompts together, and then why, where parts were
// asked for.
struct PassParts {
  std::vector<PromptRange> ranges;
  std::string why_whole = {};
};
PassParts PartsOf(const Subject& subject, const std::vector<std::vector<int>>& ids,
                  const PassRequest& request);

// One of several of them alone: kept where RunPass over all prompts finds it.
Pass RunPart(const Subject& subject, const std::vector<std::vector<int>>& ids, const PromptRange& part,
             const Protocol& protocol, const PassRequest& request, Observer& observer);

}  // namespace headspec::experiment
