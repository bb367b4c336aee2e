#include "engine/forward.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "core/error.h"
#include "engine/attention.h"
#include "engine/buffer.h"
#include "engine/kernels/kernels.h"
#include "engine/rotary.h"

namespace headspec::engine {
namespace {

using model::LayerWeights;
using model::ModelConfig;
using model::Slot;

std::span<float> RowOf(const MatrixView& matrix, int row) {
  return {matrix.Row(row), static_cast<std::size_t>(matrix.cols)};
}

// Letters: M tokens of all prompts together; the rest as in model/config.h.
class Pass {
 public:
  Pass(const model::Model& model, const std::vector<TokenIds>& prompts, AttentionSink& sink,
       const ForwardOptions& options)
      : model_(model),
        config_(model.config()),
        type_(options.type),
        sink_(sink),
        pool_(options.threads),
        prompts_(Spans(prompts)),
        tokens_(prompts_.back().first + prompts_.back().tokens),
        rotary_(config_.rotary, LongestPrompt(), type_),
        hidden_(tokens_, config_.hidden),
        normed_(tokens_, config_.hidden),
        query_(tokens_, config_.QueryWidth()),
        key_(tokens_, config_.KeyWidth()),
        value_(tokens_, config_.KeyWidth()),
        attended_(tokens_, config_.QueryWidth()),
        branch_(tokens_, config_.hidden),
        up_(tokens_, config_.intermediate) {}

  ForwardReport Run(const std::vector<TokenIds>& prompts, Progress& progress) {
    ForwardReport report;
    Embed(prompts);
    for (int layer = 0; layer < config_.layers; ++layer) {
      if (progress.Cancelled()) throw Error(ErrorKind::kInterrupted, "interrupted by the user");
      if (layer + 1 < config_.layers) model_.Prefetch(layer + 1);
      layer_ = layer;
      report.max_abs_score.push_back(RunLayer(model_.layer(layer), layer + 1 == config_.layers));
      model_.Release(layer);
      progress.Advance(1);
    }
    report.non_finite = watch_.count();
    report.first_non_finite = watch_.first();
    return report;
  }

 private:
  static std::vector<PromptSpan> Spans(const std::vector<TokenIds>& prompts) {
    std::vector<PromptSpan> spans;
    int first = 0;
    for (const TokenIds& ids : prompts) {
      spans.push_back({first, static_cast<int>(ids.size())});
      first += static_cast<int>(ids.size());
    }
    return spans;
  }

  int LongestPrompt() const {
    int longest = 0;
    for (const PromptSpan& prompt : prompts_) longest = std::max(longest, prompt.tokens);
    return longest;
  }

  void Embed(const std::vector<TokenIds>& prompts) {
    int row = 0;
    for (const TokenIds& ids : prompts) {
      for (const int id : ids) kernels::LoadRow(model_.embedding(), id, type_, RowOf(hidden_.view(), row++));
    }
    Watch("token embedding", hidden_);
  }

  // Parallel block: h = (attention(norm(h)) + mlp(norm(h))) + h. Returns the largest raw score.
  double RunLayer(const LayerWeights& w, bool is_last) {
    Normalise(w);
    Linear(normed_, w, Slot::kQueryWeight, Slot::kQueryBias, query_, "query projection");
    Linear(normed_, w, Slot::kKeyWeight, Slot::kKeyBias, key_, "key projection");
    if (config_.qk_norm != model::QkNorm::kNone) NormaliseQueriesAndKeys(w);
    Rotate(query_, config_.heads);
    Rotate(key_, config_.kv_heads);
    if (is_last) return Attend(MatrixView());
    Linear(normed_, w, Slot::kValueWeight, Slot::kValueBias, value_, "value projection");
    const double largest = Attend(value_.view());
    Linear(attended_, w, Slot::kOutputWeight, Slot::kOutputBias, branch_, "attention output");
    Linear(normed_, w, Slot::kUpWeight, Slot::kUpBias, up_, "mlp up projection");
    Activate();
    Linear(up_, w, Slot::kDownWeight, Slot::kDownBias, normed_, "mlp down projection");
    AddResidual();
    return largest;
  }

  void Watch(std::string_view operation, Buffer& buffer) {
    watch_.Check({operation, layer_}, buffer.values());
  }

  void Linear(Buffer& x, const LayerWeights& w, Slot weight, Slot bias, Buffer& y,
              std::string_view operation) {
    kernels::Linear(x.view(), {w[weight], w[bias]}, y.view(), type_, pool_);
    Watch(operation, y);
  }

  void Normalise(const LayerWeights& w) {
    const auto weight = kernels::LoadVector(w[Slot::kInputNormWeight], type_);
    const auto bias = kernels::LoadVector(w[Slot::kInputNormBias], type_);
    pool_.For(tokens_, [&](int row) {
      kernels::LayerNorm(RowOf(hidden_.view(), row), {weight, bias, config_.norm_epsilon}, type_,
                         RowOf(normed_.view(), row));
    });
    Watch("input norm", normed_);
  }

  void NormaliseQueriesAndKeys(const LayerWeights& w) {
    NormaliseHeads(w, Slot::kQueryNormWeight, Slot::kQueryNormBias, query_, config_.heads);
    NormaliseHeads(w, Slot::kKeyNormWeight, Slot::kKeyNormBias, key_, config_.kv_heads);
  }

  void NormaliseHeads(const LayerWeights& w, Slot weight_slot, Slot bias_slot, Buffer& buffer, int heads) {
    const auto weight = kernels::LoadVector(w[weight_slot], type_);
    const auto bias = kernels::LoadVector(w[bias_slot], type_);
    pool_.For(tokens_, [&](int row) {
      for (int head = 0; head < heads; ++head) {
        const auto values = HeadOf(buffer, row, head);
        kernels::LayerNorm(values, {weight, bias, config_.norm_epsilon}, type_, values);
      }
    });
    Watch("query and key norm", buffer);
  }

  std::span<float> HeadOf(Buffer& buffer, int row, int head) {
    return RowOf(buffer.view(), row)
        .subspan(static_cast<std::size_t>(head) * static_cast<std::size_t>(config_.head_dim),
                 static_cast<std::size_t>(config_.head_dim));
  }

  void Rotate(Buffer& buffer, int heads) {
    pool_.For(static_cast<int>(prompts_.size()), [&](int index) {
      const PromptSpan& prompt = prompts_[static_cast<std::size_t>(index)];
      for (int position = 0; position < prompt.tokens; ++position) {
        for (int head = 0; head < heads; ++head) {
          kernels::Rotate(type_, rotary_.Cos(position), rotary_.Sin(position),
                          HeadOf(buffer, prompt.first + position, head));
        }
      }
    });
    Watch("rotary embedding", buffer);
  }

  double Attend(const MatrixView& value) {
    const AttentionInput in{config_, prompts_, query_.view(), key_.view(), value, layer_, type_};
    return engine::Attend(in, {sink_, watch_, attended_.view()}, pool_);
  }

  void Activate() {
    pool_.For(tokens_, [&](int row) { kernels::GeluNew(type_, RowOf(up_.view(), row)); });
    Watch("mlp activation", up_);
  }

  // branch_ holds the attention output and normed_, free by now, the MLP output.
  void AddResidual() {
    pool_.For(tokens_, [&](int row) {
      kernels::Add(type_, RowOf(normed_.view(), row), RowOf(branch_.view(), row));
      kernels::Add(type_, RowOf(branch_.view(), row), RowOf(hidden_.view(), row));
    });
    Watch("residual stream", hidden_);
  }

  const model::Model& model_;
  const ModelConfig& config_;
  const DType type_;
  AttentionSink& sink_;
  ThreadPool pool_;
  const std::vector<PromptSpan> prompts_;
  const int tokens_;  // M
  const RotaryTable rotary_;
  FiniteWatch watch_;
  int layer_ = -1;
  Buffer hidden_;    // (M, E)
  Buffer normed_;    // (M, E)
  Buffer query_;     // (M, H*D)
  Buffer key_;       // (M, G*D)
  Buffer value_;     // (M, G*D)
  Buffer attended_;  // (M, H*D)
  Buffer branch_;    // (M, E)
  Buffer up_;        // (M, F)
};

void CheckTokens(const std::vector<TokenIds>& prompts, int vocab) {
  if (prompts.empty())
    throw Error(ErrorKind::kInput, "prompts: expected at least one, found none", "add a prompt");
  for (std::size_t p = 0; p < prompts.size(); ++p) {
    if (prompts[p].empty()) {
      throw Error(ErrorKind::kInput, fmt::format("prompt {}: expected at least one token, found none", p + 1),
                  "leave out empty prompts");
    }
    for (const int id : prompts[p]) {
      if (id >= 0 && id < vocab) continue;
      throw Error(
          ErrorKind::kInput,
          fmt::format("prompt {}: expected token ids below vocab_size {}, found {}", p + 1, vocab, id),
          "tokenizer.json and config.json belong to different models");
    }
  }
}

}  // namespace

ForwardReport Forward(const model::Model& model, const std::vector<TokenIds>& prompts, AttentionSink& sink,
                      const ForwardOptions& options) {
  CheckTokens(prompts, model.config().vocab);
  SilentProgress silent;
  Pass pass(model, prompts, sink, options);
  return pass.Run(prompts, options.progress == nullptr ? silent : *options.progress);
}

std::string CpuTarget() { return kernels::CurrentTarget(); }

}  // namespace headspec::engine
