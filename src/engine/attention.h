// Attention of one layer: scores, mask, softmax, rows to the sink, and the attended values.
#pragma once

#include <vector>

#include "core/matrix_view.h"
#include "core/thread_pool.h"
#include "engine/attention_sink.h"
#include "engine/finite_watch.h"
#include "model/config.h"

namespace headspec::engine {

// Where a prompt lies in the ragged batch.
struct PromptSpan {
  int first = 0;   // row of its first token
  int tokens = 0;  // T
  // Of them, padding: keys that no query sees, and queries that are computed all the same.
  int padding_before = 0;
  int padding_after = 0;
};

struct AttentionInput {
  const model::ModelConfig& config;
  const model::Scores& scores;  // the config's, or as a numerics profile changes them
  const std::vector<PromptSpan>& prompts;
  MatrixView query;  // (M, H*D), rotated
  MatrixView key;    // (M, G*D), rotated
  MatrixView value;  // (M, G*D); no data: the attended values are not needed
  int layer = 0;
  int first_prompt = 0;  // of the chunk, in the whole batch
  DType type = DType::kF32;
};

struct AttentionOutput {
  AttentionSink& sink;
  FiniteWatch& watch;
  // (M, H*D), written when values are given. May be the query itself: a head's tile is written after its
  // queries were read, and no other task touches it.
  MatrixView attended;
  int step = 0;  // of the scores, for the watch; two more follow
};

// Returns the largest |query . key| before scaling.
double Attend(const AttentionInput& in, const AttentionOutput& out, ThreadPool& pool);

}  // namespace headspec::engine
