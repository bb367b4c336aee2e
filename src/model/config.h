// ModelConfig: what an attention layer of any family needs to know, as enums and sizes.
// A family file reads config.json into it; the engine branches on these fields, never on a family.
// Letters: L layers, H query heads, G key-value heads, D head width, E hidden width, F MLP width, V
// vocabulary.
#pragma once

#include <string>

namespace headspec::model {

// How a block combines attention, MLP and the residual stream.
enum class Residual {
  kParallelOneNorm,  // h = (attention(n) + mlp(n)) + h with n = norm(h)
};
enum class Norm { kLayerNorm };
enum class Activation { kGeluNew };
// Norm of queries and keys before the rotation.
enum class QkNorm { kNone, kLayerNormPerHead };

struct Rotary {
  int dims = 0;  // leading values of each head that are rotated, even
  double theta = 10000;
  double linear_factor = 1;  // "linear" scaling: frequencies are divided by it
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
  Residual residual = Residual::kParallelOneNorm;
  Norm norm = Norm::kLayerNorm;
  double norm_epsilon = 1e-5;
  Activation activation = Activation::kGeluNew;
  QkNorm qk_norm = QkNorm::kNone;
  Rotary rotary;

  int QueryWidth() const { return heads * head_dim; }
  int KeyWidth() const { return kv_heads * head_dim; }
};

// "MHA", "MQA" or "GQA (32:8)".
std::string ArchitectureName(const ModelConfig& config);

}  // namespace headspec::model
