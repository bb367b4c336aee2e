// ModelConfig: what an attention layer of any family needs to know, as enums and sizes.
// A family file reads config.json into it; the engine branches on these fields, never on a family.
// Letters: L layers, H query heads, G key-value heads, D head width, E hidden width, F MLP width, V
// vocabulary, X experts, T the model's precision, r() one rounding to it.
#pragma once

#include <string>
#include <vector>

namespace headspec::model {

// Which normalisation, with as many of weight and bias as the table binds.
enum class Norm {
  kLayerNorm,        // torch's layer_norm: one rounding
  kLayerNormByHand,  // the same, written out by the family: another order of additions
  kRmsTwoRoundings,  // r(w * r(x / rms))
  kRmsOneRounding,   // r(w * x / rms)
  kRmsOnePlusWeight  // r((1 + w) * x / rms)
};

// Where a block normalises. In a parallel block without `before_mlp` both branches read the same norm.
struct NormPlaces {
  bool before_attention = true;
  bool before_mlp = true;
  bool after_attention = false;  // on what the attention gives, before it is added
  bool after_mlp = false;
  bool after_attention_sum = false;  // on the stream, after the attention was added (post-norm)
  bool after_mlp_sum = false;
};

// How attention a and MLP m join the stream h.
enum class Residual {
  kSequential,          // h = r(h + a), then h = r(h + m)
  kParallel,            // h = r(r(a + m) + h)
  kParallelStreamFirst  // h = r(r(h + a) + m)
};

enum class Activation {
  kGelu,       // with erf
  kGeluTanh,   // one rounding
  kGeluNew,    // the tanh form, rounded after each operation
  kGeluFast,   // another order of its operations, each rounded
  kQuickGelu,  // x * sigmoid(1.702 x), rounded after each operation
  kSilu,
  kRelu,
};

// Norm of queries and keys before the rotation.
enum class QkNorm {
  kNone,
  kPerHead,           // one weight (D) for all heads
  kPerHeadOwnWeight,  // a weight (D) for each head
  kFullWidth,         // over all heads together: (H*D), (G*D)
};

// How a model that was trained on short texts stretches its rotary embedding over longer ones.
struct RopeScaling {
  enum class Kind { kNone, kLinear, kDynamic, kYarn, kLongrope, kLlama3 };
  Kind kind = Kind::kNone;
  double factor = 1;            // linear, dynamic, yarn, llama3
  double attention_factor = 1;  // yarn, longrope: multiplies cosines and sines, so scores twice
  int original_length = 0;      // yarn, longrope, llama3: tokens of the texts before stretching
  int max_length = 0;           // dynamic: longer prompts get frequencies of their own
  double beta_fast = 32;        // yarn: rotations over the original length, bounds of the ramp
  double beta_slow = 1;
  bool truncate = true;  // yarn: the bounds are whole dimensions
  double low_freq_factor = 0;
  double high_freq_factor = 0;        // with the one above: llama3
  std::vector<double> short_factors;  // (dims / 2), longrope: up to the original length
  std::vector<double> long_factors;   // (dims / 2), longrope: beyond it

  bool operator==(const RopeScaling&) const = default;
};

// Which two values of a head are rotated together.
enum class RotaryPairs {
  kHalves,      // i and i + dims / 2
  kNeighbours,  // 2i and 2i + 1
};
// What is rounded to the model's precision.
enum class RotaryRounding {
  kEachOperation,      // cosines and sines, both products and their sum
  kOnceTablesRounded,  // cosines and sines, and the sum of unrounded products
  kOnce,               // only the sum
  kNever,              // nothing: queries and keys stay floats
};

struct Rotary {
  int dims = 0;  // leading values of each head that are rotated, even
  double theta = 10000;
  RotaryPairs pairs = RotaryPairs::kHalves;
  RotaryRounding rounding = RotaryRounding::kEachOperation;
  bool frequencies_in_type = false;  // inverse frequencies computed in the model's precision, step by step
  RopeScaling scaling;
};

// From queries and keys to what the softmax takes.
struct Scores {
  enum class Scale {
    kMultiply,       // r(r(q k) * operand)
    kDivide,         // r(r(q k) / operand)
    kDivideRounded,  // the same, with the operand rounded to T first
    kQuery,          // queries are r(q * operand) before the product
    kInProduct,      // r(operand * q k + bias): one rounding
  };
  Scale scale = Scale::kMultiply;
  double operand = 1;
  bool in_float = false;         // from the product to the softmax nothing is rounded
  bool divide_by_layer = false;  // then also by the layer's number, from 1
  double soft_cap = 0;           // then cap * tanh(s / cap), each operation rounded; 0: none
  bool masked_are_set = false;   // masked scores are replaced; otherwise a large negative number is added
  bool upcast_in_447 = false;    // transformers 4.47 multiplied in float and divided by sqrt(D)
};

// Attention with linear biases: what is added to scores, by key position.
enum class Alibi {
  kNone,
  kInProduct,  // rounded, inside the product's one rounding
  kFloat,      // unrounded, after scaling; the rest stays float
  kTwice,      // before scaling and again after it, as falcon's eager attention does; the sum is rounded
};

// Mixture of experts in place of the MLP.
struct Experts {
  int count = 0;   // X; 0: none
  int chosen = 0;  // per token
  bool renormalise = false;
  int intermediate = 0;         // F of an expert
  int shared_intermediate = 0;  // F of the expert that all tokens use; 0: none
};

struct LayerConfig {
  int window = 0;  // visible keys, the query's own included; 0: all before it
  int rotary = 0;  // index into `rotaries`; -1: no rotation
  bool is_expert = false;
};

struct ModelConfig {
  std::string model_type;
  std::string weights_dtype;  // as config.json states it, may be empty
  int layers = 0;             // L
  int hidden = 0;             // E
  int heads = 0;              // H
  int kv_heads = 0;           // G, divides H
  int head_dim = 0;           // D
  int intermediate = 0;       // F
  int vocab = 0;              // V

  // Embedding: token (+ type 0) (+ position), projected, scaled, normalised, as far as there is each.
  int embedding_width = 0;  // of a token; 0: E
  double embedding_multiplier = 1;
  bool is_multiplier_rounded = false;  // to T, before the product
  int types = 0;                       // token types; 0: none
  int positions = 0;                   // learned positions; 0: none
  int position_offset = 0;             // row of the first position
  int padding_token = -1;              // where positions skip it: its id
  int most_tokens = 0;                 // longest prompt of a family without learned positions; 0: any

  Norm norm = Norm::kLayerNorm;
  bool is_norm_affine = true;  // false: norms have neither weight nor bias, for families that have both forms
  double norm_epsilon = 1e-5;
  NormPlaces norms;
  Residual residual = Residual::kSequential;
  bool residual_from_norm = false;  // the stream is replaced by its norm at each addition
  double residual_multiplier = 1;   // of a and m

  bool is_causal = true;
  double qkv_clip = 0;  // queries, keys and values are held within +- this; 0: not
  QkNorm qk_norm = QkNorm::kNone;
  Norm qk_norm_kind = Norm::kLayerNorm;
  std::vector<Rotary> rotaries;
  Scores scores;
  Alibi alibi = Alibi::kNone;

  Activation activation = Activation::kSilu;
  bool is_gated = false;
  Experts experts;

  bool qkv_bias = false;
  bool output_bias = false;
  bool mlp_bias = false;
  bool is_bias_rounded_apart = false;  // r(r(w x) + b)

  std::vector<LayerConfig> layer;  // (L)

  int QueryWidth() const { return heads * head_dim; }
  int KeyWidth() const { return kv_heads * head_dim; }
  const LayerConfig& Layer(int index) const { return layer[static_cast<std::size_t>(index)]; }
};

// "MHA", "MQA" or "GQA (32:8)".
std::string ArchitectureName(const ModelConfig& config);

}  // namespace headspec::model
