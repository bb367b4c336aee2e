#include "engine/block.h"

#include "engine/kernels/kernels.h"

namespace headspec::engine {

using model::Slot;

namespace {

std::span<float> RowOf(const MatrixView& matrix, int row) {
  return {matrix.Row(row), static_cast<std::size_t>(matrix.cols)};
}

}  // namespace

Block::Block(const BlockSettings& settings, AttentionSink& sink, FiniteWatch& watch, ThreadPool& pool)
    : settings_(settings),
      config_(settings.config),
      sink_(sink),
      watch_(watch),
      pool_(pool),
      rotary_(config_.rotary, settings.longest_prompt, settings.type),
      normed_(settings.most_tokens, config_.hidden),
      query_(settings.most_tokens, config_.QueryWidth()),
      key_(settings.most_tokens, config_.KeyWidth()),
      value_(settings.most_tokens, config_.KeyWidth()),
      branch_(settings.most_tokens, config_.hidden),
      up_(settings.most_tokens, config_.intermediate) {}

double Block::Run(const BlockInput& in) {
  in_ = &in;
  switch (config_.residual) {
    case model::Residual::kParallelOneNorm:
      return RunParallel();
  }
  return 0;
}

// h = (attention(norm(h)) + mlp(norm(h))) + h
double Block::RunParallel() {
  const MatrixView normed = View(normed_), query = View(query_), key = View(key_), value = View(value_);
  const MatrixView branch = View(branch_), up = View(up_);
  Normalise();
  Linear(normed, Slot::kQueryWeight, Slot::kQueryBias, query, "query projection");
  Linear(normed, Slot::kKeyWeight, Slot::kKeyBias, key, "key projection");
  if (config_.qk_norm != model::QkNorm::kNone) {
    NormaliseHeads(Slot::kQueryNormWeight, Slot::kQueryNormBias, query, config_.heads);
    NormaliseHeads(Slot::kKeyNormWeight, Slot::kKeyNormBias, key, config_.kv_heads);
  }
  Rotate(query, config_.heads);
  Rotate(key, config_.kv_heads);
  if (in_->is_last) return Attend(MatrixView());
  Linear(normed, Slot::kValueWeight, Slot::kValueBias, value, "value projection");
  const double largest_score = Attend(value);
  Linear(query, Slot::kOutputWeight, Slot::kOutputBias, branch, "attention output");
  Linear(normed, Slot::kUpWeight, Slot::kUpBias, up, "mlp up projection");
  Activate();
  Linear(up, Slot::kDownWeight, Slot::kDownBias, normed, "mlp down projection");
  AddResidual();
  return largest_score;
}

void Block::Watch(std::string_view operation, const MatrixView& values) {
  watch_.Check({operation, in_->layer},
               {values.data, static_cast<std::size_t>(values.rows) * static_cast<std::size_t>(values.cols)});
}

void Block::Linear(const MatrixView& x, Slot weight, Slot bias, const MatrixView& y,
                   std::string_view operation) {
  kernels::Linear(x, {in_->weights[weight], in_->weights[bias]}, y, settings_.type, pool_);
  Watch(operation, y);
}

void Block::Normalise() {
  const auto weight = kernels::LoadVector(in_->weights[Slot::kInputNormWeight], settings_.type);
  const auto bias = kernels::LoadVector(in_->weights[Slot::kInputNormBias], settings_.type);
  const MatrixView normed = View(normed_);
  switch (config_.norm) {
    case model::Norm::kLayerNorm:
      pool_.For(normed.rows, [&](int row) {
        kernels::LayerNorm(RowOf(in_->hidden, row), {weight, bias, config_.norm_epsilon}, settings_.type,
                           RowOf(normed, row));
      });
      break;
  }
  Watch("input norm", normed);
}

void Block::NormaliseHeads(Slot weight_slot, Slot bias_slot, const MatrixView& values, int heads) {
  const auto weight = kernels::LoadVector(in_->weights[weight_slot], settings_.type);
  const auto bias = kernels::LoadVector(in_->weights[bias_slot], settings_.type);
  pool_.For(values.rows, [&](int row) {
    for (int head = 0; head < heads; ++head) {
      const auto span = HeadOf(values, row, head);
      kernels::LayerNorm(span, {weight, bias, config_.norm_epsilon}, settings_.type, span);
    }
  });
  Watch("query and key norm", values);
}

std::span<float> Block::HeadOf(const MatrixView& values, int row, int head) const {
  const auto width = static_cast<std::size_t>(config_.head_dim);
  return RowOf(values, row).subspan(static_cast<std::size_t>(head) * width, width);
}

void Block::Rotate(const MatrixView& values, int heads) {
  pool_.For(static_cast<int>(in_->prompts.size()), [&](int index) {
    const PromptSpan& prompt = in_->prompts[static_cast<std::size_t>(index)];
    for (int position = 0; position < prompt.tokens; ++position) {
      for (int head = 0; head < heads; ++head) {
        kernels::Rotate(settings_.type, rotary_.Cos(position), rotary_.Sin(position),
                        HeadOf(values, prompt.first + position, head));
      }
    }
  });
  Watch("rotary embedding", values);
}

double Block::Attend(const MatrixView& value) {
  AttentionInput in{config_, in_->prompts, View(query_), View(key_), value};
  in.layer = in_->layer;
  in.first_prompt = in_->first_prompt;
  in.type = settings_.type;
  in.score_type = settings_.score_type;
  return engine::Attend(in, {sink_, watch_, View(query_)}, pool_);
}

void Block::Activate() {
  const MatrixView up = View(up_);
  switch (config_.activation) {
    case model::Activation::kGeluNew:
      pool_.For(up.rows, [&](int row) { kernels::GeluNew(settings_.type, RowOf(up, row)); });
      break;
  }
  Watch("mlp activation", up);
}

// branch_ holds the attention output and normed_, free by now, the MLP output.
void Block::AddResidual() {
  const MatrixView branch = View(branch_), mlp = View(normed_);
  pool_.For(branch.rows, [&](int row) {
    kernels::Add(settings_.type, RowOf(mlp, row), RowOf(branch, row));
    kernels::Add(settings_.type, RowOf(branch, row), RowOf(in_->hidden, row));
  });
  Watch("residual stream", in_->hidden);
}

}  // namespace headspec::engine
