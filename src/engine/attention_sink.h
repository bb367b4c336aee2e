// Where attention goes: the engine's product. Rows arrive after the softmax, as the reference returns
// them, in tiles; the engine keeps nothing of size heads x T x T.
#pragma once

#include "core/matrix_view.h"

namespace headspec::engine {

// Attention of consecutive queries of one (prompt, layer, head).
struct AttentionTile {
  int prompt = 0;
  int layer = 0;
  int head = 0;
  int tokens = 0;  // T of the prompt
  int first_query = 0;
  // (queries, keys), keys <= T: keys that no query of the tile sees may be left out, and every masked
  // key that is there is exactly 0. Values are rounded to the model's precision.
  MatrixView rows;

  bool IsFirst() const { return first_query == 0; }
  bool IsLast() const { return first_query + rows.rows == tokens; }
};

// Take() is called from several threads at once, for different (prompt, head) of the same layer. The
// tiles of one (prompt, layer, head) come in query order, one after the other.
class AttentionSink {
 public:
  virtual ~AttentionSink() = default;
  virtual void Take(const AttentionTile& tile) = 0;
};

}  // namespace headspec::engine
