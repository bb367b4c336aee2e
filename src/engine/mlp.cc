#include "engine/mlp.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/kernels/kernels.h"
#include "engine/linear.h"
#include "engine/top_k.h"

namespace headspec::engine {

using model::Slot;

namespace {

constexpr std::string_view kActivation = "mlp activation";

// Which tokens an expert gets, and with what weight.
struct Share {
  int token;
  float weight;
};

int WidestMlp(const model::ModelConfig& c) {
  return std::max({c.intermediate, c.experts.intermediate, c.experts.shared_intermediate});
}

// The experts of one token by falling probability, with weights rounded to `type`.
std::vector<std::pair<int, float>> Choose(std::span<const float> probabilities, const model::Experts& experts,
                                          DType type) {
  const std::vector<int> order = TopK(probabilities, experts.chosen);
  float sum = 0;
  for (const int expert : order) sum += probabilities[static_cast<std::size_t>(expert)];
  std::vector<std::pair<int, float>> chosen;
  for (const int expert : order) {
    float weight = probabilities[static_cast<std::size_t>(expert)];
    if (experts.renormalise) weight /= sum;
    kernels::Round(type, {&weight, 1});
    chosen.emplace_back(expert, weight);
  }
  return chosen;
}

}  // namespace

Mlp::Mlp(const MlpSettings& settings, FiniteWatch& watch, ThreadPool& pool)
    : settings_(settings),
      config_(settings.config),
      watch_(watch),
      pool_(pool),
      up_(settings.most_tokens, WidestMlp(config_)),
      gate_(config_.is_gated ? settings.most_tokens : 0, WidestMlp(config_)),
      expert_input_(config_.experts.count > 0 ? settings.most_tokens : 0, config_.hidden),
      expert_output_(config_.experts.count > 0 ? settings.most_tokens : 0, config_.hidden) {}

void Mlp::Run(const model::Weights& weights, int layer, const MatrixView& x, const MatrixView& y) {
  layer_ = layer;
  if (config_.Layer(layer).is_expert) return RunExperts(weights, x, y);
  Dense({weights[Slot::kGateWeight], weights[Slot::kGateBias], weights[Slot::kUpWeight],
         weights[Slot::kUpBias], weights[Slot::kDownWeight], weights[Slot::kDownBias]},
        x, y);
}

void Mlp::Dense(const Projections& p, const MatrixView& x, const MatrixView& y) {
  const MatrixView up = up_.view().Rows(0, x.rows).Columns(0, p.up.rows);
  if (!config_.is_gated) {
    Project(x, p.up, p.up_bias, up, "mlp up projection");
    const Place place{.operation = kActivation, .layer = layer_, .step = watch_.Steps()};
    pool_.For(up.rows, [&](int row) {
      Activate(RowOf(up, row));
      watch_.Check(place, RowOf(up, row));
    });
  } else {
    const MatrixView gate = gate_.view().Rows(0, x.rows).Columns(0, p.up.rows);
    Project(x, p.gate, p.gate_bias, gate, "mlp gate projection");
    Project(x, p.up, p.up_bias, up, "mlp up projection");
    const Place place{.operation = kActivation, .layer = layer_, .step = watch_.Steps()};
    pool_.For(up.rows, [&](int row) {
      Activate(RowOf(gate, row));
      kernels::MultiplyElements(settings_.type, RowOf(gate, row), RowOf(up, row));
      watch_.Check(place, RowOf(up, row));
    });
  }
  Project(up, p.down, p.down_bias, y, "mlp down projection");
}

void Mlp::Activate(std::span<float> row) const {
  switch (config_.activation) {
    case model::Activation::kGelu:
      return kernels::Gelu(settings_.type, row);
    case model::Activation::kGeluTanh:
      return kernels::GeluTanh(settings_.type, row);
    case model::Activation::kGeluNew:
      return kernels::GeluNew(settings_.type, row);
    case model::Activation::kGeluFast:
      return kernels::GeluFast(settings_.type, row);
    case model::Activation::kQuickGelu:
      return kernels::QuickGelu(settings_.type, row);
    case model::Activation::kSilu:
      return kernels::Silu(settings_.type, row);
    case model::Activation::kRelu:
      return kernels::Relu(row);
  }
}

// Tokens choose experts by the softmax of the router's outputs. Experts add to y in the order of their index,
// as the reference does: the sum is rounded after each.
void Mlp::RunExperts(const model::Weights& weights, const MatrixView& x, const MatrixView& y) {
  const model::Experts& experts = config_.experts;
  Buffer router(x.rows, experts.count);
  Project(x, weights[Slot::kRouterWeight], {}, router.view(), "expert router");
  std::vector<std::vector<Share>> shares(static_cast<std::size_t>(experts.count));
  for (int token = 0; token < x.rows; ++token) {
    const auto row = RowOf(router.view(), token);
    kernels::Softmax(DType::kF32, row);
    for (const auto& [expert, weight] : Choose(row, experts, settings_.type))
      shares[static_cast<std::size_t>(expert)].push_back({token, weight});
    std::fill_n(y.Row(token), y.cols, 0.0f);
  }
  for (std::size_t expert = 0; expert < shares.size(); ++expert) {
    const auto& own = shares[expert];
    if (own.empty()) {
      (void)watch_.Steps(config_.is_gated ? 4 : 3);  // those of Dense: other prompts may choose this expert
      continue;
    }
    const MatrixView input = expert_input_.view().Rows(0, static_cast<int>(own.size()));
    const MatrixView output = expert_output_.view().Rows(0, static_cast<int>(own.size()));
    for (std::size_t i = 0; i < own.size(); ++i)
      std::copy_n(x.Row(own[i].token), x.cols, input.Row(static_cast<int>(i)));
    const WeightView none;
    Dense({weights.List(Slot::kExpertGateWeight)[expert], none, weights.List(Slot::kExpertUpWeight)[expert],
           none, weights.List(Slot::kExpertDownWeight)[expert], none},
          input, output);
    for (std::size_t i = 0; i < own.size(); ++i) {
      const auto row = RowOf(output, static_cast<int>(i));
      kernels::Scale(settings_.type, own[i].weight, row);
      kernels::Add(settings_.type, row, RowOf(y, own[i].token));
    }
  }
  if (experts.shared_intermediate > 0) AddShared(weights, x, y);
}

// y = r(y + r(r(sigmoid(scale x)) * shared(x))).
void Mlp::AddShared(const model::Weights& weights, const MatrixView& x, const MatrixView& y) {
  const MatrixView output = expert_output_.view().Rows(0, x.rows);
  Buffer scale(x.rows, 1);
  const WeightView none;
  Dense({weights[Slot::kSharedGateWeight], none, weights[Slot::kSharedUpWeight], none,
         weights[Slot::kSharedDownWeight], none},
        x, output);
  Project(x, weights[Slot::kSharedScaleWeight], none, scale.view(), "shared expert's scale");
  for (int token = 0; token < x.rows; ++token) {
    float share = 1 / (1 + std::exp(-scale.view().Row(token)[0]));
    kernels::Round(settings_.type, {&share, 1});
    kernels::Scale(settings_.type, share, RowOf(output, token));
    kernels::Add(settings_.type, RowOf(output, token), RowOf(y, token));
  }
}

void Mlp::Project(const MatrixView& x, const WeightView& weight, const WeightView& bias, const MatrixView& y,
                  std::string_view operation) {
  Linear(x, weight, bias, y, {settings_.type, config_.is_bias_rounded_apart}, pool_);
  Watch(operation, y);
}

void Mlp::Watch(std::string_view operation, const MatrixView& values) {
  watch_.CheckRows({.operation = operation, .layer = layer_, .step = watch_.Steps()}, values, pool_);
}

}  // namespace headspec::engine
