// One transformer block applied to one chunk of tokens: norm, attention, MLP, residual. Owns the working
// activations, which are reused layer after layer and chunk after chunk.
// Letters: M tokens of the chunk; the rest as in model/config.h.
#pragma once

#include <string_view>
#include <vector>

#include "core/dtype.h"
#include "core/matrix_view.h"
#include "core/thread_pool.h"
#include "engine/attention.h"
#include "engine/attention_sink.h"
#include "engine/buffer.h"
#include "engine/finite_watch.h"
#include "engine/mlp.h"
#include "engine/rotary.h"
#include "model/model.h"

namespace headspec::engine {

struct BlockSettings {
  const model::ModelConfig& config;
  DType type;                       // the model's precision
  model::Scores scores;             // the config's, or as a numerics profile changes them
  int most_tokens;                  // of any chunk
  std::vector<int> prompt_lengths;  // of the whole pass, in order
};

// What a block is applied to.
struct BlockInput {
  const model::Weights& weights;
  int layer = 0;
  bool is_last = false;  // then it ends with the attention, and `hidden` stays as it is
  int first_prompt = 0;
  std::vector<PromptSpan> prompts{};  // rows of `hidden`
  MatrixView hidden{};                // (M, E), the residual stream: read, and replaced by the block's result
};

class Block {
 public:
  Block(const BlockSettings& settings, AttentionSink& sink, FiniteWatch& watch, ThreadPool& pool);

  // Returns the largest |query . key| before scaling.
  double Run(const BlockInput& in);

 private:
  // The attention's output for its (normed) input goes to branch_; on the last layer there is none.
  double Attend(const MatrixView& x);
  void FinishParallel(const MatrixView& normed);
  void FinishSequential(const MatrixView& normed);

  MatrixView View(Buffer& buffer) const { return buffer.view().Rows(0, in_->hidden.rows); }
  void Watch(std::string_view operation, const MatrixView& values);
  void Linear(const MatrixView& x, model::Slot weight, model::Slot bias, const MatrixView& y,
              std::string_view operation);
  // y = norm(x) with the slot's weight and the bias beside it, or x itself where the block has no such norm.
  MatrixView Normalise(bool has_norm, model::Slot weight, const MatrixView& x, const MatrixView& y,
                       std::string_view operation);
  void NormaliseHeads(model::Slot weight, const MatrixView& values, int heads);
  void Clip(const MatrixView& values);
  void Rotate(const MatrixView& values, int heads);
  // to = r(to + r(term * residual multiplier)).
  void Add(const MatrixView& term, const MatrixView& to);

  const BlockSettings settings_;
  const model::ModelConfig& config_;
  AttentionSink& sink_;
  FiniteWatch& watch_;
  ThreadPool& pool_;
  const RotaryTables rotary_;
  const BlockInput* in_ = nullptr;  // of the running call
  Buffer normed_;                   // (M, E)
  Buffer query_;                    // (M, H*D), then the attended values
  Buffer key_;                      // (M, G*D)
  Buffer value_;                    // (M, G*D)
  Buffer branch_;                   // (M, E), what the attention or the MLP gives
  Mlp mlp_;
};

}  // namespace headspec::engine
