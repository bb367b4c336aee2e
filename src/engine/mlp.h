// The MLP of a block and the mixture of experts that may stand in its place.
// Letters: M tokens; the rest as in model/config.h.
#pragma once

#include <span>
#include <string_view>

#include "core/dtype.h"
#include "core/matrix_view.h"
#include "core/thread_pool.h"
#include "engine/buffer.h"
#include "engine/finite_watch.h"
#include "model/model.h"

namespace headspec::engine {

struct MlpSettings {
  const model::ModelConfig& config;
  DType type;
  int most_tokens;
};

class Mlp {
 public:
  Mlp(const MlpSettings& settings, FiniteWatch& watch, ThreadPool& pool);

  // y = mlp(x), (M, E) both; y may be x, but not where the layer has experts.
  void Run(const model::Weights& weights, int layer, const MatrixView& x, const MatrixView& y);

 private:
  struct Projections {
    const WeightView& gate;
    const WeightView& gate_bias;
    const WeightView& up;
    const WeightView& up_bias;
    const WeightView& down;
    const WeightView& down_bias;
  };

  // y = down(act(gate x) * up x), or down(act(up x)).
  void Dense(const Projections& p, const MatrixView& x, const MatrixView& y);
  void Activate(std::span<float> row) const;
  void RunExperts(const model::Weights& weights, const MatrixView& x, const MatrixView& y);
  void AddShared(const model::Weights& weights, const MatrixView& x, const MatrixView& y);
  void Project(const MatrixView& x, const WeightView& weight, const WeightView& bias, const MatrixView& y,
               std::string_view operation);
  void Watch(std::string_view operation, const MatrixView& values);

  const MlpSettings settings_;
  const model::ModelConfig& config_;
  FiniteWatch& watch_;
  ThreadPool& pool_;
  int layer_ = 0;
  Buffer up_;             // (M, F)
  Buffer gate_;           // (M, F), if the MLP is gated
  Buffer expert_input_;   // (M, E), the tokens of one expert, if there are experts
  Buffer expert_output_;  // (M, E)
};

}  // namespace headspec::engine
