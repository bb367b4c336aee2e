#include "engine/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "engine/alibi.h"
#include "engine/buffer.h"
#include "engine/kernels/kernels.h"

namespace headspec::engine {
namespace {

using Scale = model::Scores::Scale;

constexpr int kQueriesPerTile = 64;

// The largest finite fp16: the reference adds its negative to masked scores.
constexpr float kMaxF16 = 65504.0f;

// Keys `first` .. `last` - 1 of a prompt.
struct KeyRange {
  int first;
  int last;

  bool IsEmpty() const { return first >= last; }
};

float RoundedTo(DType type, double value) {
  float rounded = static_cast<float>(value);
  kernels::Round(type, {&rounded, 1});
  return rounded;
}

class HeadTask {
 public:
  HeadTask(const AttentionInput& in, const AttentionOutput& out, int prompt, int head, float slope)
      : in_(in),
        rule_(in.scores),
        out_(out),
        prompt_(prompt),
        head_(head),
        span_(in.prompts[static_cast<std::size_t>(prompt)]),
        window_(in.config.Layer(in.layer).window) {
    if (in.config.alibi != model::Alibi::kNone)
      alibi_ = AlibiOfKeys(in.config.alibi, slope, span_.tokens, in.type);
  }

  float Run() {
    float largest = 0;
    for (int first = 0; first < span_.tokens; first += kQueriesPerTile)
      largest = std::max(largest, RunTile(first));
    return largest;
  }

 private:
  int Prompt() const { return in_.first_prompt + prompt_; }

  MatrixView OfHead(const MatrixView& all, int head, int first, int count) const {
    return all.Rows(span_.first + first, count).Columns(head * in_.config.head_dim, in_.config.head_dim);
  }

  KeyRange VisibleTo(int query) const {
    const int first = span_.padding_before, last = span_.tokens - span_.padding_after;
    if (!in_.config.is_causal) return {first, last};
    return {std::max(window_ > 0 ? query + 1 - window_ : 0, first), std::min(query + 1, last)};
  }

  // In fp16 a masked score that overflowed to infinity is infinite after the mask is added, and the
  // reference's row becomes NaN: all keys take part there.
  bool MaskCanFail() const {
    const bool is_rounded =
        in_.config.alibi == model::Alibi::kNone || in_.config.alibi == model::Alibi::kInProduct;
    return in_.type == DType::kF16 && is_rounded && !rule_.in_float && !rule_.masked_are_set &&
           in_.config.is_causal;
  }

  // Keys that take part in the rows of a tile.
  KeyRange KeysOfTile(int first_query, int last_query) const {
    if (MaskCanFail()) return {0, span_.tokens};
    for (int query = first_query; query <= last_query; ++query) {
      if (VisibleTo(query).IsEmpty()) return {0, span_.tokens};
    }
    return {VisibleTo(first_query).first, VisibleTo(last_query).last};
  }

  float RunTile(int first) {
    const int queries = std::min(kQueriesPerTile, span_.tokens - first);
    const KeyRange keys = KeysOfTile(first, first + queries - 1);
    const int kv_head = head_ / (in_.config.heads / in_.config.kv_heads);
    Buffer scores(queries, keys.last);
    const MatrixView rows = scores.view();
    const MatrixView computed = rows.Columns(keys.first, keys.last - keys.first);
    kernels::MultiplyTransposed(OfHead(in_.query, head_, first, queries),
                                OfHead(in_.key, kv_head, keys.first, computed.cols), computed);
    if (!rule_.in_float && rule_.scale != Scale::kInProduct) kernels::Round(in_.type, scores.values());
    const float largest = LargestVisible(rows, first);
    out_.watch.Check({"attention scores", in_.layer, Prompt(), head_, out_.step}, scores.values());
    for (int i = 0; i < queries; ++i) {
      const auto row = RowOf(rows, i);
      ToLogits(row.subspan(static_cast<std::size_t>(keys.first)), keys.first);
      ToProbabilities(VisibleTo(first + i), row);
    }
    out_.watch.Check({"attention probabilities", in_.layer, Prompt(), head_, out_.step + 1}, scores.values());
    out_.sink.Take({Prompt(), in_.layer, head_, span_.tokens, first, rows});
    if (in_.value.data != nullptr) AttendValues(computed, first, keys.first, kv_head);
    return largest;
  }

  float LargestVisible(const MatrixView& rows, int first) const {
    float largest = 0;
    for (int i = 0; i < rows.rows; ++i) {
      const KeyRange keys = VisibleTo(first + i);
      if (keys.IsEmpty()) continue;
      largest = std::max(largest, kernels::MaxAbs({rows.Row(i) + keys.first,
                                                   static_cast<std::size_t>(keys.last - keys.first)}));
    }
    return largest;
  }

  // Scores of keys `first` and on, in place, as the softmax takes them.
  void ToLogits(std::span<float> scores, int first) const {
    const auto alibi = [&](std::size_t i) { return alibi_[static_cast<std::size_t>(first) + i]; };
    if (in_.config.alibi == model::Alibi::kTwice) {
      const float root = static_cast<float>(std::sqrt(static_cast<double>(in_.config.head_dim)));
      for (std::size_t i = 0; i < scores.size(); ++i) {
        scores[i] = (scores[i] + alibi(i)) * (1.0f / root);
        scores[i] += RoundedTo(in_.type, static_cast<double>(alibi(i) / root));
      }
      kernels::Round(in_.type, scores);
      return;
    }
    ScaleScores(scores);
    if (in_.config.alibi != model::Alibi::kNone) {
      for (std::size_t i = 0; i < scores.size(); ++i) scores[i] += alibi(i);
    }
    if (rule_.scale == Scale::kInProduct && !rule_.in_float) kernels::Round(in_.type, scores);
    if (rule_.soft_cap > 0) kernels::SoftCap(in_.type, static_cast<float>(rule_.soft_cap), scores);
  }

  void ScaleScores(std::span<float> scores) const {
    const DType type = rule_.in_float ? DType::kF32 : in_.type;
    const double layer = rule_.divide_by_layer ? in_.layer + 1 : 1;
    switch (rule_.scale) {
      case Scale::kMultiply:
        kernels::Scale(type, static_cast<float>(rule_.operand), scores);
        break;
      case Scale::kDivide:
        kernels::Divide(type, static_cast<float>(rule_.operand), scores);
        break;
      case Scale::kDivideRounded:
        kernels::Divide(type, RoundedTo(in_.type, rule_.operand), scores);
        break;
      case Scale::kInProduct:
        return kernels::Scale(DType::kF32, static_cast<float>(rule_.operand / layer), scores);
      case Scale::kQuery:
        break;
    }
    if (rule_.divide_by_layer) kernels::Divide(type, static_cast<float>(layer), scores);
  }

  // One row of logits to probabilities; masked keys are exactly 0 unless the reference's are not.
  void ToProbabilities(const KeyRange& keys, std::span<float> row) const {
    if (keys.IsEmpty()) return WithoutKeys(row);
    const auto before = row.first(static_cast<std::size_t>(keys.first));
    const auto after = row.subspan(static_cast<std::size_t>(keys.last));
    if (MaskCanFail()) {
      for (const auto masked : {before, after}) {
        for (float& score : masked) score += -kMaxF16;
        kernels::Round(DType::kF16, masked);
      }
      kernels::Softmax(in_.type, row);
      return;
    }
    std::fill(before.begin(), before.end(), 0.0f);
    std::fill(after.begin(), after.end(), 0.0f);
    kernels::Softmax(in_.type, row.subspan(before.size(), static_cast<std::size_t>(keys.last - keys.first)));
  }

  // A query that sees no key: the mask is finite and swallows the scores it is added to, so all keys are
  // equal, those of the future too.
  void WithoutKeys(std::span<float> row) const {
    if (MaskCanFail()) {
      for (float& score : row) score += -kMaxF16;
      kernels::Round(DType::kF16, row);
    } else {
      std::fill(row.begin(), row.end(), 0.0f);
    }
    kernels::Softmax(in_.type, row);
  }

  // `rows`: probabilities of keys from `first_key` on.
  void AttendValues(const MatrixView& rows, int first, int first_key, int kv_head) {
    const MatrixView attended = OfHead(out_.attended, head_, first, rows.rows);
    kernels::Multiply(rows, OfHead(in_.value, kv_head, first_key, rows.cols), attended);
    for (int i = 0; i < attended.rows; ++i) {
      kernels::Round(in_.type, RowOf(attended, i));
      out_.watch.Check({"attended values", in_.layer, Prompt(), head_, out_.step + 2}, RowOf(attended, i));
    }
  }

  const AttentionInput& in_;
  const model::Scores& rule_;
  const AttentionOutput& out_;
  int prompt_;
  int head_;
  PromptSpan span_;
  int window_;
  std::vector<float> alibi_;  // (T), by key
};

}  // namespace

double Attend(const AttentionInput& in, const AttentionOutput& out, ThreadPool& pool) {
  const int heads = in.config.heads;
  const int tasks = heads * static_cast<int>(in.prompts.size());
  std::vector<float> slopes = AlibiSlopes(in.config.alibi, heads);
  slopes.resize(static_cast<std::size_t>(heads));
  std::vector<float> largest(static_cast<std::size_t>(tasks));
  pool.For(tasks, [&](int task) {
    const int head = task % heads;
    largest[static_cast<std::size_t>(task)] =
        HeadTask(in, out, task / heads, head, slopes[static_cast<std::size_t>(head)]).Run();
  });
  return tasks == 0 ? 0.0 : static_cast<double>(*std::max_element(largest.begin(), largest.end()));
}

}  // namespace headspec::engine
