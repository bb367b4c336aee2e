#include "engine/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "engine/buffer.h"
#include "engine/kernels/kernels.h"

namespace headspec::engine {
namespace {

constexpr int kQueriesPerTile = 64;

// The largest finite fp16: the reference adds its negative to masked scores.
constexpr float kMaxF16 = 65504.0f;

// Keys that take part in the rows of a tile. In fp16 all do: there a masked score that overflowed to
// infinity, or a row of visible scores that all did, changes what the reference's softmax gives.
int KeysOfTile(DType score_type, int tokens, int last_query) {
  return score_type == DType::kF16 ? tokens : last_query + 1;
}

// One row of scaled scores to probabilities, masked keys exactly 0 unless the reference's are not.
void Probabilities(const AttentionInput& in, int query, std::span<float> row) {
  const auto visible = row.first(static_cast<std::size_t>(query + 1));
  const auto future = row.subspan(visible.size());
  if (in.score_type == DType::kF16) {
    for (float& score : future) score += -kMaxF16;
    kernels::Round(DType::kF16, future);
    kernels::Softmax(in.type, row);
    return;
  }
  kernels::Softmax(in.type, visible);
  std::fill(future.begin(), future.end(), 0.0f);
}

// scores / sqrt(head width). The reference multiplies by a float and rounds; where a profile keeps scores
// in float it divides.
void ScaleScores(const AttentionInput& in, std::span<float> scores) {
  const double root = std::sqrt(static_cast<double>(in.config.head_dim));
  if (in.score_type == in.type) {
    kernels::Scale(in.type, static_cast<float>(1.0 / root), scores);
  } else {
    for (float& score : scores) score /= static_cast<float>(root);
  }
}

class HeadTask {
 public:
  HeadTask(const AttentionInput& in, const AttentionOutput& out, int prompt, int head)
      : in_(in),
        out_(out),
        prompt_(prompt),
        head_(head),
        span_(in.prompts[static_cast<std::size_t>(prompt)]) {}

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

  float RunTile(int first) {
    const int queries = std::min(kQueriesPerTile, span_.tokens - first);
    const int keys = KeysOfTile(in_.score_type, span_.tokens, first + queries - 1);
    const int kv_head = head_ / (in_.config.heads / in_.config.kv_heads);
    Buffer scores(queries, keys);
    const MatrixView rows = scores.view();
    kernels::MultiplyTransposed(OfHead(in_.query, head_, first, queries), OfHead(in_.key, kv_head, 0, keys),
                                rows);
    kernels::Round(in_.score_type, scores.values());
    const float largest = LargestVisible(rows, first);
    out_.watch.Check({"attention scores", in_.layer, Prompt(), head_}, scores.values());
    ScaleScores(in_, scores.values());
    for (int i = 0; i < queries; ++i)
      Probabilities(in_, first + i, {rows.Row(i), static_cast<std::size_t>(keys)});
    out_.watch.Check({"attention probabilities", in_.layer, Prompt(), head_}, scores.values());
    out_.sink.Take({Prompt(), in_.layer, head_, span_.tokens, first, rows});
    if (in_.value.data != nullptr) AttendValues(rows, first, kv_head);
    return largest;
  }

  float LargestVisible(const MatrixView& rows, int first) const {
    float largest = 0;
    for (int i = 0; i < rows.rows; ++i) {
      largest = std::max(largest, kernels::MaxAbs({rows.Row(i), static_cast<std::size_t>(first + i + 1)}));
    }
    return largest;
  }

  void AttendValues(const MatrixView& rows, int first, int kv_head) {
    const MatrixView attended = OfHead(out_.attended, head_, first, rows.rows);
    kernels::Multiply(rows, OfHead(in_.value, kv_head, 0, rows.cols), attended);
    for (int i = 0; i < attended.rows; ++i) {
      const std::span<float> row(attended.Row(i), static_cast<std::size_t>(attended.cols));
      kernels::Round(in_.type, row);
      out_.watch.Check({"attended values", in_.layer, Prompt(), head_}, row);
    }
  }

  const AttentionInput& in_;
  const AttentionOutput& out_;
  int prompt_;
  int head_;
  PromptSpan span_;
};

}  // namespace

double Attend(const AttentionInput& in, const AttentionOutput& out, ThreadPool& pool) {
  const int heads = in.config.heads;
  const int tasks = heads * static_cast<int>(in.prompts.size());
  std::vector<float> largest(static_cast<std::size_t>(tasks));
  pool.For(tasks, [&](int task) {
    largest[static_cast<std::size_t>(task)] = HeadTask(in, out, task / heads, task % heads).Run();
  });
  return tasks == 0 ? 0.0 : static_cast<double>(*std::max_element(largest.begin(), largest.end()));
}

}  // namespace headspec::engine
