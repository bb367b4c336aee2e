#include "engine/pass_plan.h"

#include <algorithm>
#include <chrono>

#include "engine/buffer.h"
#include "engine/chunks.h"
#include "engine/kernels/kernels.h"

namespace headspec::engine {

namespace {

// Multiply-adds of a layer's MLP for one token.
double MlpTerms(const model::ModelConfig& c, const model::LayerConfig& layer) {
  const double matrices = c.is_gated ? 3 : 2;
  const double width = layer.is_expert ? static_cast<double>(c.experts.chosen) * c.experts.intermediate +
                                             c.experts.shared_intermediate
                                       : static_cast<double>(c.intermediate);
  return matrices * c.hidden * width +
         (layer.is_expert ? static_cast<double>(c.hidden) * c.experts.count : 0);
}

}  // namespace

PassPlan PlanPass(const model::ModelConfig& c, const std::vector<int>& prompt_lengths,
                  std::uint64_t activation_budget) {
  PassPlan plan;
  double score_terms = 0;  // sum over prompts of T^2
  for (const int length : prompt_lengths) {
    plan.tokens += length;
    score_terms += static_cast<double>(length) * length;
  }
  const double tokens = static_cast<double>(plan.tokens);
  const double query_and_key = static_cast<double>(c.hidden) * (c.QueryWidth() + c.KeyWidth());
  const double values_and_output = static_cast<double>(c.hidden) * (c.KeyWidth() + c.QueryWidth());
  const double scores = score_terms * c.QueryWidth();
  // The last layer ends with its attention.
  plan.operations = 2 * (c.layers * (tokens * query_and_key + scores) + (c.layers - 1) * scores);
  for (int layer = 0; layer + 1 < c.layers; ++layer)
    plan.operations += 2 * tokens * (values_and_output + MlpTerms(c, c.Layer(layer)));
  int most_tokens = 0;
  for (const Chunk& chunk : SplitIntoChunks(c, prompt_lengths, activation_budget)) {
    ++plan.chunks;
    most_tokens = std::max(most_tokens, chunk.tokens);
  }
  plan.activation_bytes = static_cast<std::uint64_t>(plan.tokens) * ResidualBytesPerToken(c) +
                          static_cast<std::uint64_t>(most_tokens) * WorkingBytesPerToken(c);
  return plan;
}

PassPlan PlanPass(const model::Model& model, const std::vector<int>& prompt_lengths,
                  std::uint64_t activation_budget) {
  PassPlan plan = PlanPass(model.config(), prompt_lengths, activation_budget);
  plan.weight_bytes = model.used_bytes();
  for (int layer = 0; layer < model.config().layers; ++layer)
    plan.largest_layer_bytes = std::max(plan.largest_layer_bytes, model.LayerBytes(layer));
  return plan;
}

double MeasureSpeed(int threads) {
  constexpr int kTokens = 192;
  constexpr int kWidth = 1024;
  ThreadPool pool(threads);
  Buffer x(kTokens, kWidth);
  Buffer y(kTokens, kWidth);
  const std::vector<std::uint16_t> weight(static_cast<std::size_t>(kWidth) * kWidth);
  const kernels::LinearWeights w{
      {DType::kBF16, reinterpret_cast<const std::byte*>(weight.data()), kWidth, kWidth}, {}};
  double best = 0;
  for (int i = 0; i < 5; ++i) {
    const auto start = std::chrono::steady_clock::now();
    kernels::Linear(x.view(), w, y.view(), DType::kBF16, pool);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    best = std::max(best, 2.0 * kTokens * kWidth * kWidth / seconds);
  }
  return best;
}

}  // namespace headspec::engine
