#include "engine/block.h"

#include <algorithm>

#include "engine/kernels/kernels.h"
#include "engine/linear.h"
#include "engine/norm.h"

namespace headspec::engine {

using model::QkNorm;
using model::Residual;
using model::Slot;

namespace {

kernels::RotaryStyle StyleOf(const model::Rotary& rotary) {
  using Rounding = kernels::RotaryStyle::Rounding;
  kernels::RotaryStyle style;
  style.interleaved = rotary.pairs == model::RotaryPairs::kNeighbours;
  switch (rotary.rounding) {
    case model::RotaryRounding::kEachOperation:
      style.rounding = Rounding::kEachOperation;
      break;
    case model::RotaryRounding::kOnceTablesRounded:
    case model::RotaryRounding::kOnce:
      style.rounding = Rounding::kOnce;
      break;
    case model::RotaryRounding::kNever:
      style.rounding = Rounding::kNever;
      break;
  }
  return style;
}

}  // namespace

Block::Block(const BlockSettings& settings, AttentionSink& sink, FiniteWatch& watch, ThreadPool& pool)
    : settings_(settings),
      config_(settings.config),
      sink_(sink),
      watch_(watch),
      pool_(pool),
      rotary_(config_.rotaries, settings.prompt_lengths, settings.type),
      normed_(settings.most_tokens, config_.hidden),
      query_(settings.most_tokens, config_.QueryWidth()),
      key_(settings.most_tokens, config_.KeyWidth()),
      value_(settings.most_tokens, config_.KeyWidth()),
      branch_(settings.most_tokens, config_.hidden),
      mlp_({config_, settings.type, settings.most_tokens}, watch, pool) {}

double Block::Run(const BlockInput& in) {
  in_ = &in;
  watch_.StartBlock();
  const MatrixView normed = Normalise(config_.norms.before_attention, Slot::kAttentionNormWeight, in.hidden,
                                      View(normed_), "input norm");
  const double largest_score = Attend(normed);
  if (in.is_last) return largest_score;
  if (config_.residual == Residual::kSequential)
    FinishSequential(normed);
  else
    FinishParallel(normed);
  return largest_score;
}

double Block::Attend(const MatrixView& x) {
  const MatrixView query = View(query_), key = View(key_), value = View(value_);
  const bool is_full_width = config_.qk_norm == QkNorm::kFullWidth;
  Linear(x, Slot::kQueryWeight, Slot::kQueryBias, query, "query projection");
  Linear(x, Slot::kKeyWeight, Slot::kKeyBias, key, "key projection");
  if (config_.qk_norm != QkNorm::kNone) {
    NormaliseHeads(Slot::kQueryNormWeight, query, is_full_width ? 1 : config_.heads);
    NormaliseHeads(Slot::kKeyNormWeight, key, is_full_width ? 1 : config_.kv_heads);
  }
  if (config_.qkv_clip > 0) {
    Clip(query);
    Clip(key);
  }
  if (config_.Layer(in_->layer).rotary >= 0 && !config_.rotaries.empty()) {
    Rotate(query, config_.heads);
    Rotate(key, config_.kv_heads);
  }
  if (settings_.scores.scale == model::Scores::Scale::kQuery) {
    const float factor = static_cast<float>(settings_.scores.operand);
    pool_.For(query.rows, [&](int row) { kernels::Scale(settings_.type, factor, RowOf(query, row)); });
  }
  AttentionInput in{config_, settings_.scores, in_->prompts, query, key, MatrixView()};
  in.layer = in_->layer;
  in.first_prompt = in_->first_prompt;
  in.type = settings_.type;
  if (in_->is_last) return engine::Attend(in, {sink_, watch_, query, watch_.Steps(3)}, pool_);
  Linear(x, Slot::kValueWeight, Slot::kValueBias, value, "value projection");
  if (config_.qkv_clip > 0) Clip(value);
  in.value = value;
  const double largest_score = engine::Attend(in, {sink_, watch_, query, watch_.Steps(3)}, pool_);
  const MatrixView branch = View(branch_);
  Linear(query, Slot::kOutputWeight, Slot::kOutputBias, branch, "attention output");
  Normalise(config_.norms.after_attention, Slot::kAttentionOutNormWeight, branch, branch,
            "attention output norm");
  return largest_score;
}

// Both branches start from the stream as it came in.
void Block::FinishParallel(const MatrixView& normed) {
  const MatrixView attention = View(branch_), hidden = in_->hidden, mlp = View(normed_);
  const MatrixView x = config_.norms.before_mlp
                           ? Normalise(true, Slot::kMlpNormWeight, hidden, View(normed_), "mlp norm")
                           : normed;
  mlp_.Run(in_->weights, in_->layer, x, mlp);
  if (config_.residual == Residual::kParallelStreamFirst) {
    Add(attention, hidden);
    Add(mlp, hidden);
  } else {
    Add(mlp, attention);
    Add(attention, hidden);
  }
  Watch("residual stream", hidden);
}

void Block::FinishSequential(const MatrixView& normed) {
  const MatrixView branch = View(branch_), hidden = in_->hidden;
  const auto add_branch = [&](const MatrixView& norm) {
    if (config_.residual_from_norm) {
      for (int row = 0; row < norm.rows; ++row) std::copy_n(norm.Row(row), norm.cols, hidden.Row(row));
    }
    Add(branch, hidden);
  };
  add_branch(normed);
  Normalise(config_.norms.after_attention_sum, Slot::kAttentionSumNormWeight, hidden, hidden,
            "norm after attention");
  Watch("residual stream after attention", hidden);
  const MatrixView x =
      Normalise(config_.norms.before_mlp, Slot::kMlpNormWeight, hidden, View(normed_), "mlp norm");
  mlp_.Run(in_->weights, in_->layer, x, branch);
  Normalise(config_.norms.after_mlp, Slot::kMlpOutNormWeight, branch, branch, "mlp output norm");
  add_branch(x);
  Normalise(config_.norms.after_mlp_sum, Slot::kMlpSumNormWeight, hidden, hidden, "norm after mlp");
  Watch("residual stream", hidden);
}

void Block::Watch(std::string_view operation, const MatrixView& values) {
  watch_.CheckRows({.operation = operation, .layer = in_->layer, .step = watch_.Steps()}, values, pool_);
}

void Block::Linear(const MatrixView& x, Slot weight, Slot bias, const MatrixView& y,
                   std::string_view operation) {
  engine::Linear(x, in_->weights[weight], in_->weights[bias], y,
                 {settings_.type, config_.is_bias_rounded_apart}, pool_);
  Watch(operation, y);
}

MatrixView Block::Normalise(bool has_norm, Slot weight, const MatrixView& x, const MatrixView& y,
                            std::string_view operation) {
  if (!has_norm) return x;
  const RowNorm norm(config_.norm, config_.norm_epsilon, settings_.type, in_->weights[weight],
                     in_->weights[model::BiasOf(weight)]);
  const Place place{.operation = operation, .layer = in_->layer, .step = watch_.Steps()};
  pool_.For(x.rows, [&](int row) {
    norm.Apply(RowOf(x, row), RowOf(y, row));
    watch_.Check(place, RowOf(y, row));
  });
  return y;
}

void Block::NormaliseHeads(Slot weight, const MatrixView& values, int heads) {
  const bool is_listed = in_->weights.HasList(weight);
  const int width = values.cols / heads;
  std::vector<RowNorm> norms;
  for (int head = 0; head < (is_listed ? heads : 1); ++head) {
    norms.emplace_back(
        config_.qk_norm_kind, config_.norm_epsilon, settings_.type,
        is_listed ? in_->weights.List(weight)[static_cast<std::size_t>(head)] : in_->weights[weight],
        in_->weights[model::BiasOf(weight)]);
  }
  pool_.For(values.rows, [&](int row) {
    for (int head = 0; head < heads; ++head) {
      const auto span = RowOf(values.Columns(head * width, width), row);
      norms[is_listed ? static_cast<std::size_t>(head) : 0].Apply(span, span, head);
    }
  });
  Watch("query and key norm", values);
}

void Block::Clip(const MatrixView& values) {
  float limit = static_cast<float>(config_.qkv_clip);
  kernels::Round(settings_.type, {&limit, 1});
  pool_.For(values.rows, [&](int row) { kernels::Clamp(limit, RowOf(values, row)); });
}

void Block::Rotate(const MatrixView& values, int heads) {
  const int index = config_.Layer(in_->layer).rotary;
  const model::Rotary& rotary = config_.rotaries[static_cast<std::size_t>(index)];
  const kernels::RotaryStyle style = StyleOf(rotary);
  pool_.For(static_cast<int>(in_->prompts.size()), [&](int i) {
    const PromptSpan& prompt = in_->prompts[static_cast<std::size_t>(i)];
    for (int position = 0; position < prompt.tokens; ++position) {
      const auto cos = rotary_.Cos(index, in_->first_prompt + i, position);
      const auto sin = rotary_.Sin(index, in_->first_prompt + i, position);
      for (int head = 0; head < heads; ++head) {
        const MatrixView own = values.Columns(head * config_.head_dim, config_.head_dim);
        kernels::Rotate(settings_.type, style, cos, sin, RowOf(own, prompt.first + position));
      }
    }
  });
  Watch("rotary embedding", values);
}

void Block::Add(const MatrixView& term, const MatrixView& to) {
  const float factor = static_cast<float>(config_.residual_multiplier);
  pool_.For(to.rows, [&](int row) {
    if (factor != 1) kernels::Scale(settings_.type, factor, RowOf(term, row));
    kernels::Add(settings_.type, RowOf(term, row), RowOf(to, row));
  });
}

}  // namespace headspec::engine
