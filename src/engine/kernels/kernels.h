// The arithmetic of the forward pass on plain views: matrix products, softmax, norms, rotary, activation.
// The only files with SIMD are beside this one; every function picks the best instruction set at run
// time (or what kernels/arithmetic.h says), and every result is the same bit for bit on all sets that have
// fused multiply-add and for any number of threads: each output is one chain of additions in a fixed order.
// The one exception, on request: linear layers with bf16 weights, not stored transposed, in a bf16 model can
// use the processor's bf16 unit where there is one (targets "AMX-BF16" and "AVX512-BF16"); it adds in its own
// order and takes subnormals as zero.
//
// `type` is the model's precision (kF32, kBF16 or kF16). Activations are floats whose values are
// rounded to it exactly where the reference rounds.
#pragma once

#include <span>
#include <vector>

#include "core/matrix_view.h"
#include "core/thread_pool.h"

namespace headspec::kernels {

// Rounds to nearest even, in place; fp16 overflows to infinity and keeps subnormals. kF32: no change.
void Round(DType type, std::span<float> values);

// Elements of one stored row, rounded to `type`.
void LoadRow(const WeightView& weight, int row, DType type, std::span<float> out);
// A stored vector (norm weight, bias), rounded to `type`.
std::vector<float> LoadVector(const WeightView& weight, DType type);

// y = round(x w^T + bias): x (M, K) of values of `type`, w (N, K) as stored, y (M, N). One rounding, as a
// fused linear layer.
struct LinearWeights {
  WeightView weight;
  WeightView bias;
};
void Linear(const MatrixView& x, const LinearWeights& w, const MatrixView& y, DType type, ThreadPool& pool);

// y = a b^T and y = a b, unrounded, on the calling thread: attention scores and attention values.
void MultiplyTransposed(const MatrixView& a, const MatrixView& b, const MatrixView& y);
void Multiply(const MatrixView& a, const MatrixView& b, const MatrixView& y);

// Norms over a row, in torch's own order of additions. `y` may be `x`. An empty weight or bias means none.
struct NormWeights {
  std::span<const float> weight;
  std::span<const float> bias;
  double epsilon;
};
// torch.nn.LayerNorm, rounded once.
void LayerNorm(std::span<const float> x, const NormWeights& norm, DType type, std::span<float> y);

// The layer norm that Cohere writes out in Python: mean first, then the mean square of the distances from it;
// rounded once. No bias.
void TwoPassLayerNorm(std::span<const float> x, const NormWeights& norm, DType type, std::span<float> y);

// With h = x / sqrt(mean(x^2) + epsilon) in float: round(w * round(h)) (Llama), round(w * h) (OLMo 2) or
// round(h * (1 + w)) (Gemma). No bias.
enum class RmsForm { kTwoRoundings, kOneRounding, kOnePlusWeight };
void RmsNorm(std::span<const float> x, const NormWeights& norm, RmsForm form, DType type, std::span<float> y);

// Scaled scores to probabilities, in place: softmax in float, then one rounding.
// A row with a NaN or +infinity becomes all NaN, as it does in the reference.
void Softmax(DType type, std::span<float> row);

// values = round(values * factor), and so on.
void Scale(DType type, float factor, std::span<float> values);
void Divide(DType type, float divisor, std::span<float> values);
void MultiplyElements(DType type, std::span<const float> factors, std::span<float> values);

// sum = round(sum + term).
void Add(DType type, std::span<const float> term, std::span<float> sum);

// To [-limit, limit]; a NaN stays.
void Clamp(float limit, std::span<float> values);

// round(cap * round(tanh(round(values / cap)))).
void SoftCap(DType type, float cap, std::span<float> values);

// Rotates one head's first 2 * cos.size() values, pair by pair: x cos - y sin, y cos + x sin. Each operation
// rounded, or float products and sum rounded once or never. Whether the tables are rounded is the caller's.
struct RotaryStyle {
  enum class Rounding { kEachOperation, kOnce, kNever };
  bool interleaved = false;  // pairs of neighbours, not of one value from each half
  Rounding rounding = Rounding::kEachOperation;
};
void Rotate(DType type, const RotaryStyle& style, std::span<const float> cos, std::span<const float> sin,
            std::span<float> head);

// Activations, in place, of values of the type. These are one kernel in torch, rounded once: gelu with erf,
// with tanh, silu, relu.
void Gelu(DType type, std::span<float> values);
void GeluTanh(DType type, std::span<float> values);
void Silu(DType type, std::span<float> values);
void Relu(std::span<float> values);
// The reference evaluates these op by op, rounding each result. GeluFast is bloom's gelu too.
void GeluNew(DType type, std::span<float> values);
void GeluFast(DType type, std::span<float> values);
void QuickGelu(DType type, std::span<float> values);

// Number of NaN and infinite values.
int CountNonFinite(std::span<const float> values);

// Largest absolute value, NaN ignored; 0 if empty.
float MaxAbs(std::span<const float> values);

}  // namespace headspec::kernels
